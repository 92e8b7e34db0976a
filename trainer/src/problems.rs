//! Collects everything that is wrong with a configuration, so that it is reported at once.

use crate::{ConfigError, Problem};

/// Far above any run, and far below where counts of steps could overflow.
const MOST_EPOCHS: usize = 1_000_000_000;

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// `value` if there are no problems.
    ///
    /// # Errors
    /// [`ConfigError`] with all of them.
    pub(crate) fn none_or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.0.is_empty() { Ok(value) } else { Err(ConfigError { problems: self.0 }) }
    }

    pub(crate) fn add(&mut self, key: &str, what: impl Into<String>) {
        self.0.push(Problem::new(key, what));
    }

    pub(crate) fn extend(&mut self, problems: Vec<Problem>) {
        self.0.extend(problems);
    }

    pub(crate) fn at_least_one(&mut self, key: &str, value: usize) -> usize {
        if value == 0 {
            self.add(key, "is 0, it must be at least 1");
        }
        value
    }

    /// A count of epochs: at least 1, and small enough for its steps to be counted.
    pub(crate) fn epochs(&mut self, key: &str, epochs: usize) -> usize {
        if epochs > MOST_EPOCHS {
            self.add(key, format!("is {epochs}, it can be {MOST_EPOCHS} at most"));
        }
        self.at_least_one(key, epochs)
    }

    /// A finite number that is not negative; `what` names the quantity.
    pub(crate) fn not_negative(&mut self, key: &str, what: &str, value: f64) -> f64 {
        if !(value.is_finite() && value >= 0.0) {
            self.add(key, format!("is a {what} and not negative, got {value}"));
        }
        value
    }

    /// A finite number above 0.
    pub(crate) fn positive(&mut self, key: &str, value: f64) -> f64 {
        if !(value.is_finite() && value > 0.0) {
            self.add(key, format!("must be positive, got {value}"));
        }
        value
    }

    /// A share in `[0, 1)`.
    pub(crate) fn share(&mut self, key: &str, value: f64) -> f64 {
        if !(0.0..1.0).contains(&value) {
            self.add(key, format!("lies in [0, 1), got {value}"));
        }
        value
    }
}
