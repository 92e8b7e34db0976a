//! The problems of a configuration, as an error.

use std::fmt;

/// What is wrong with a configuration: an option by itself, or with the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The options are wrong whatever the data and the model are.
    Options,
    /// The options do not fit the data or the model.
    Data,
}

/// One problem of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Key of the option, as in a configuration file; or a place in that file, such as "line 2".
    pub key: String,
    /// What is wrong with the option, and what to do; a predicate that follows the key.
    pub what: String,
    /// Whether other data could avoid the problem.
    pub cause: Cause,
}

impl Problem {
    pub(crate) fn new(key: impl Into<String>, what: impl Into<String>) -> Self {
        Problem { key: key.into(), what: what.into(), cause: Cause::Options }
    }

    /// Returns the problem of an option that does not fit the data or the model.
    pub(crate) fn of_data(key: impl Into<String>, what: impl Into<String>) -> Self {
        Problem { cause: Cause::Data, ..Problem::new(key, what) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { key, what, cause: _ } = self;
        let is_key = !key.contains(' ');
        if is_key { write!(formatter, "`{key}` {what}") } else { write!(formatter, "{key} {what}") }
    }
}

/// All problems of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The problems, at least one.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    pub(crate) fn of(problem: Problem) -> Self {
        ConfigError { problems: vec![problem] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&listed(self.problems.iter().map(ToString::to_string)))
    }
}

impl std::error::Error for ConfigError {}

/// Formats problems as one message: a single problem as it is, several as one line each below their number.
pub fn listed(problems: impl Iterator<Item = String>) -> String {
    let problems: Vec<String> = problems.collect();
    match &problems[..] {
        [problem] => problem.clone(),
        several => format!("{} problems:\n  {}", several.len(), several.join("\n  ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_problems_are_one_line_each_and_only_keys_are_quoted() {
        let problems = vec![Problem::new("latent", "must be at least 1, got 0"), Problem::new("line 2", "is empty")];
        let one = ConfigError { problems: problems[..1].to_vec() }.to_string();
        assert_eq!(one, "`latent` must be at least 1, got 0");
        let two = ConfigError { problems }.to_string();
        assert_eq!(two, "2 problems:\n  `latent` must be at least 1, got 0\n  line 2 is empty");
    }
}
