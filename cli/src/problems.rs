//! Words the problems of a configuration for the command line: with flags and with the names of the files.

use std::path::Path;

use anyhow::anyhow;
use narrows_trainer::{Cause, Problem, TrainError, internals::listed, options::DataOptions};

use crate::misuse::UsageError;

/// The sources of a configuration, which the messages name.
pub(crate) struct Sources<'a> {
    /// The data as the user named it.
    pub(crate) data: &'a DataOptions,
    /// The bundle of a transfer.
    pub(crate) bundle: Option<&'a Path>,
    /// Whether options may come from a file, where they are keys and not flags.
    pub(crate) has_file: bool,
}

impl Sources<'_> {
    /// Words an error of checking or fitting.
    pub(crate) fn explain(&self, error: TrainError) -> anyhow::Error {
        match error {
            TrainError::Config(error) => {
                let problem = |Problem { key, what, .. }: &Problem| format!("{} {what}", self.subject(key));
                let text = listed(error.problems.iter().map(problem));
                let is_misuse = error.problems.iter().any(|problem| problem.cause == Cause::Options);
                // A file can be wrong where the command line is not.
                if is_misuse && !self.has_file { UsageError(text).into() } else { anyhow!(text) }
            }
            TrainError::Data { part, what } => anyhow!("{part} data `{}`: {what}", self.spec(part)),
            other => other.into(),
        }
    }

    /// Returns the flag, the key or the file that a problem is about.
    fn subject(&self, key: &str) -> String {
        match (key, self.bundle) {
            ("kind", _) => "the kind of model".to_owned(),
            ("data", _) => format!("`{}`", self.spec("training")),
            ("valid", _) => format!("--valid `{}`", self.spec("validation")),
            ("test", _) => format!("--test `{}`", self.spec("test")),
            ("bundle", Some(bundle)) => format!("`{}`", bundle.display()),
            _ if self.has_file => format!("`{key}`"),
            _ => format!("--{}", key.replace('_', "-")),
        }
    }

    /// Returns the name or the path of a part of the data.
    fn spec(&self, part: &str) -> &str {
        let DataOptions { reading, valid, test, .. } = self.data;
        let own = match part {
            "validation" => valid,
            "test" => test,
            _ => &None,
        };
        own.as_deref().or(reading.data.as_deref()).unwrap_or("digits")
    }
}

#[cfg(test)]
mod tests {
    use narrows_data::Reading;
    use narrows_trainer::ConfigError;

    use super::*;

    #[test]
    fn a_problem_names_the_flag_or_the_file_or_the_key_of_a_file() {
        let reading = Reading { data: Some("t.csv".to_owned()), ..Reading::default() };
        let data = DataOptions { reading, test: Some("u.csv".to_owned()), ..DataOptions::default() };
        let text = |key: &str, has_file| {
            let problem = Problem { key: key.to_owned(), what: "is wrong".to_owned(), cause: Cause::Options };
            let error = TrainError::Config(ConfigError { problems: vec![problem] });
            Sources { data: &data, bundle: Some("models/cvae".as_ref()), has_file }.explain(error).to_string()
        };
        assert_eq!(text("kl_warmup", false), "--kl-warmup is wrong");
        assert_eq!(text("kl_warmup", true), "`kl_warmup` is wrong");
        assert_eq!(text("data", false), "`t.csv` is wrong");
        assert_eq!(text("test", false), "--test `u.csv` is wrong");
        assert_eq!(text("bundle", false), "`models/cvae` is wrong");
        let error = TrainError::Data { part: "test", what: "there are no labels".to_owned() };
        let sources = Sources { data: &data, bundle: None, has_file: false };
        assert_eq!(sources.explain(error).to_string(), "test data `u.csv`: there are no labels");
    }
}
