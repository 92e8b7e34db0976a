//! Options in a TOML file: one key per option, with all problems reported at once.

use serde::{Serialize, de::DeserializeOwned};
use toml::Table;

use super::Options;
use crate::{ConfigError, Problem};

/// Jaro-Winkler similarity above which an unknown key counts as a misspelling of a known one.
const MISSPELLING_SIMILARITY: f64 = 0.8;

impl Options {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once: invalid TOML, unknown keys, and values that an option does not
    /// accept.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_toml_with(text, &[])
    }

    /// Reads a configuration file that may also have the keys `flags`, which are no options and are left out.
    ///
    /// # Errors
    /// Those of [`Options::from_toml`].
    pub fn from_toml_with(text: &str, flags: &[&str]) -> Result<Self, ConfigError> {
        parsed(text, &Options::keys(), flags, "`narrows config KIND` lists them all")
    }

    /// Writes these options as a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] for a number that TOML cannot represent: 2^63 or more.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        written(self)
    }

    /// Returns the options that are set, by key; an empty table if TOML cannot represent one of them.
    pub fn fields(&self) -> Table {
        Table::try_from(self).unwrap_or_default()
    }
}

/// Writes options as a configuration file.
///
/// # Errors
/// [`ConfigError`] for a number that TOML cannot represent: 2^63 or more.
pub(crate) fn written(options: &impl Serialize) -> Result<String, ConfigError> {
    toml::to_string(options).map_err(|error| ConfigError::of(Problem::new("options", error.to_string())))
}

/// Reads a file of options with the keys `keys`, and leaves out the keys `flags`; `hint` tells the reader of an error
/// where they are listed.
///
/// # Errors
/// [`ConfigError`] with all problems at once.
pub(crate) fn parsed<T: DeserializeOwned>(
    text: &str,
    keys: &[&str],
    flags: &[&str],
    hint: &str,
) -> Result<T, ConfigError> {
    let mut table: Table = toml::from_str(text).map_err(|error| {
        let line =
            1 + error.span().and_then(|span| text.get(..span.start)).map_or(0, |before| before.matches('\n').count());
        let reason = match text.lines().nth(line - 1).and_then(|line| line.split_once('=')) {
            Some((key, value)) if error.message().contains("must be quoted") => {
                format!("write text in quotes, as in {} = \"{}\"", key.trim(), value.trim())
            }
            Some(_) | None => error.message().to_owned(),
        };
        ConfigError::of(Problem::new(format!("line {line}"), format!("is not valid TOML: {reason}")))
    })?;
    table.retain(|key, _| keys.contains(&key) || !flags.contains(&key));
    let known = [keys, flags].concat();
    let problems: Vec<Problem> =
        table.iter().filter_map(|(key, value)| problem::<T>(key, value, &known, hint)).collect();
    if !problems.is_empty() {
        return Err(ConfigError { problems });
    }
    // Each key has already been read separately, so that this cannot fail for a single value.
    table.try_into().map_err(|error: toml::de::Error| ConfigError::of(Problem::new("the file", error.message())))
}

fn problem<T: DeserializeOwned>(key: &str, value: &toml::Value, keys: &[&str], hint: &str) -> Option<Problem> {
    if !keys.contains(&key) {
        let written = key.replace('-', "_");
        let similarity = |known: &str| strsim::jaro_winkler(known, &written);
        let closest = keys.iter().max_by(|one, other| similarity(one).total_cmp(&similarity(other)));
        let advice = match closest.filter(|known| similarity(known) >= MISSPELLING_SIMILARITY) {
            Some(known) => format!("did you mean `{known}`?"),
            None => hint.to_owned(),
        };
        return Some(Problem::new(key, format!("is not an option ({advice})")));
    }
    let alone = Table::from_iter([(key.to_owned(), value.clone())]);
    let error = alone.try_into::<T>().err()?;
    Some(Problem::new(key, format!("cannot be {value}: {}", expectation(error.message()))))
}

/// Replaces a message about a wrong type, which names a type of Rust, by a description of the expected value.
fn expectation(message: &str) -> String {
    let expected = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    match expected.and_then(|message| message.rsplit_once("expected ")).map(|(_, expected)| expected) {
        None => message.to_owned(),
        Some("usize" | "u64" | "u32") => "expected a whole number of at least 0".to_owned(),
        Some("f64") => "expected a number".to_owned(),
        Some("a boolean") => "expected true or false".to_owned(),
        Some(expected) => format!("expected {expected}"),
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Kind;

    use super::*;

    #[test]
    fn every_wrong_key_and_value_is_reported_at_once() {
        let text =
            "kind = \"vea\"\nlatnet = 4\nlearning-rate = 0.1\nepochs = -3\nhidden = [1, \"x\"]\nbeta = 2.0\nfog = 1\n";
        let problems = Options::from_toml(text).expect_err("most keys and values are wrong").problems;
        let mut keys: Vec<&str> = problems.iter().map(|problem| problem.key.as_str()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["epochs", "fog", "hidden", "kind", "latnet", "learning-rate"]);
        let message =
            |key: &str| &problems.iter().find(|problem| problem.key == key).expect("a problem with this key").what;
        assert!(message("latnet").contains("did you mean `latent`?"), "{}", message("latnet"));
        assert!(message("learning-rate").contains("did you mean `learning_rate`?"), "{}", message("learning-rate"));
        assert!(message("fog").contains("narrows config"), "{}", message("fog"));
    }

    #[test]
    fn invalid_toml_is_reported_with_its_line() {
        let error = Options::from_toml("kind = \"vae\"\nlatent = = 4\n").expect_err("two equals signs").to_string();
        assert!(error.starts_with("line 2 is not valid TOML"), "{error}");
        let error = Options::from_toml("kind = vae\n").expect_err("no quotes").to_string();
        assert_eq!(error, "line 1 is not valid TOML: write text in quotes, as in kind = \"vae\"");
    }

    #[test]
    fn a_value_of_a_wrong_type_is_reported_with_the_expected_values() {
        let cases = [
            ("latent = \"eight\"", "`latent` cannot be \"eight\": expected a whole number of at least 0"),
            ("epochs = -3", "`epochs` cannot be -3: expected a whole number of at least 0"),
            ("beta = \"high\"", "`beta` cannot be \"high\": expected a number"),
            ("whiten = 1", "`whiten` cannot be 1: expected true or false"),
        ];
        for (text, expected) in cases {
            assert_eq!(Options::from_toml(text).expect_err(text).to_string(), expected);
        }
    }

    #[test]
    fn the_first_options_win_and_the_others_fill_the_gaps() {
        let flags = Options { latent: Some(4), ..Options::default() };
        let with_latent = |latent| {
            Options { latent: Some(latent), ..Options::new(Kind::Vae) }.with(|options| options.length.epochs = Some(3))
        };
        let (file, expected) = (with_latent(2), with_latent(4));
        assert_eq!(flags.or(&file), expected);
    }

    #[test]
    fn options_written_to_a_file_are_read_back_unchanged() {
        let example = Options::example();
        assert_eq!(example.fields().len(), Options::keys().len(), "the example sets every option");
        let text = example.to_toml().expect("plain numbers");
        assert_eq!(Options::from_toml(&text), Ok(example));
    }
}
