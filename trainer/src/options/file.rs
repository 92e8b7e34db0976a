//! Options in a file: TOML, one key an option, every problem told at once.

use serde::de::DeserializeOwned;
use toml::Table;

use super::Options;
use crate::{ConfigError, Problem};

/// How alike two names must be for one to be taken for the other, misspelt.
const ALIKE: f64 = 0.8;

impl Options {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once: what is no TOML, keys that are no options, values that
    /// an option cannot have.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        parsed(text, &Options::keys(), "`narrows config KIND` lists them all")
    }

    /// These options as a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] for a number that TOML has no form for: 2^63 or more.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::of(Problem::new("options", error.to_string())))
    }

    /// What was said, by key; nothing for options that have no form in a file.
    pub fn fields(&self) -> Table {
        Table::try_from(self).unwrap_or_default()
    }
}

/// Reads a file of options with these keys; `hint` is where they are listed.
///
/// # Errors
/// [`ConfigError`] with all problems at once.
pub(crate) fn parsed<T: DeserializeOwned>(text: &str, keys: &[&str], hint: &str) -> Result<T, ConfigError> {
    let table: Table = toml::from_str(text).map_err(|error| {
        let line =
            1 + error.span().and_then(|span| text.get(..span.start)).map_or(0, |before| before.matches('\n').count());
        ConfigError::of(Problem::new(format!("line {line}"), format!("is no TOML: {}", error.message())))
    })?;
    let problems: Vec<Problem> = table.iter().filter_map(|(key, value)| problem::<T>(key, value, keys, hint)).collect();
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    // Each key was just read on its own.
    table.try_into().map_err(|error: toml::de::Error| ConfigError::of(Problem::new("the file", error.message())))
}

fn problem<T: DeserializeOwned>(key: &str, value: &toml::Value, keys: &[&str], hint: &str) -> Option<Problem> {
    if !keys.contains(&key) {
        let written = key.replace('-', "_");
        let likeness = |known: &str| strsim::jaro_winkler(known, &written);
        let closest = keys.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
        let hint = match closest.filter(|known| likeness(known) >= ALIKE) {
            Some(known) => format!("did you mean `{known}`?"),
            None => hint.to_owned(),
        };
        return Some(Problem::new(key, format!("is no option ({hint})")));
    }
    let alone = Table::from_iter([(key.to_owned(), value.clone())]);
    let error = alone.try_into::<T>().err()?;
    Some(Problem::new(key, format!("cannot be {value}: {}", error.message())))
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Kind;

    use super::*;

    #[test]
    fn every_wrong_key_and_value_is_told_at_once() {
        let text =
            "kind = \"vea\"\nlatnet = 4\nlearning-rate = 0.1\nepochs = -3\nhidden = [1, \"x\"]\nbeta = 2.0\nfog = 1\n";
        let problems = Options::from_toml(text).expect_err("most of it is wrong").problems;
        let mut keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["epochs", "fog", "hidden", "kind", "latnet", "learning-rate"]);
        let of = |key: &str| &problems.iter().find(|problem| problem.key == key).expect("named").what;
        assert!(of("latnet").contains("did you mean `latent`?"), "{}", of("latnet"));
        assert!(of("learning-rate").contains("did you mean `learning_rate`?"), "{}", of("learning-rate"));
        assert!(of("fog").contains("narrows config"), "{}", of("fog"));
    }

    #[test]
    fn what_is_no_toml_is_told_with_its_line() {
        let error = Options::from_toml("kind = \"vae\"\nlatent = = 4\n").expect_err("two equals signs").to_string();
        assert!(error.starts_with("`line 2` is no TOML"), "{error}");
    }

    #[test]
    fn what_is_said_first_wins_and_the_rest_is_kept() {
        let flags = Options { latent: Some(4), ..Options::default() };
        let of =
            |latent| Options { latent: Some(latent), ..Options::new(Kind::Vae) }.with(|of| of.length.epochs = Some(3));
        let (file, expected) = (of(2), of(4));
        assert_eq!(flags.or(&file), expected);
    }

    #[test]
    fn a_file_says_what_the_options_say() {
        let example = Options::example();
        assert_eq!(example.fields().len(), Options::keys().len(), "the example says everything");
        let text = example.to_toml().expect("plain numbers");
        assert_eq!(Options::from_toml(&text), Ok(example));
    }
}
