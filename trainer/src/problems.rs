//! Collects all problems of a configuration, so that they are reported at once.

use crate::{ConfigError, Problem};

/// Largest number of epochs: far above any run, and far below the values at which the number of steps could overflow.
const MOST_EPOCHS: usize = 1_000_000_000;

/// The problems that the checks have found so far.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Returns `value` if there are no problems.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems.
    pub(crate) fn none_or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.0.is_empty() { Ok(value) } else { Err(ConfigError { problems: self.0 }) }
    }

    pub(crate) fn add(&mut self, key: &str, what: impl Into<String>) {
        self.0.push(Problem::new(key, what));
    }

    /// Adds the problem of an option that does not fit the data or the model.
    pub(crate) fn add_of_data(&mut self, key: &str, what: impl Into<String>) {
        self.0.push(Problem::of_data(key, what));
    }

    pub(crate) fn extend(&mut self, problems: Vec<Problem>) {
        self.0.extend(problems);
    }

    pub(crate) fn at_least_one(&mut self, key: &str, value: usize) -> usize {
        if value == 0 {
            self.add(key, "must be at least 1, got 0");
        }
        value
    }

    /// Checks a number of epochs: at least 1, and small enough that the number of steps cannot overflow.
    pub(crate) fn epochs(&mut self, key: &str, epochs: usize) -> usize {
        if epochs > MOST_EPOCHS {
            self.add(key, format!("must be at most {MOST_EPOCHS}, got {epochs}"));
        }
        self.at_least_one(key, epochs)
    }

    /// Checks that a number is finite and at least 0; `quantity` is the noun for the message.
    pub(crate) fn not_negative(&mut self, key: &str, quantity: &str, value: f64) -> f64 {
        if !(value.is_finite() && value >= 0.0) {
            self.add(key, format!("must be a finite {quantity} of at least 0, got {value}"));
        }
        value
    }

    /// Checks that a number is finite and positive.
    pub(crate) fn positive(&mut self, key: &str, value: f64) -> f64 {
        if !(value.is_finite() && value > 0.0) {
            self.add(key, format!("must be finite and positive, got {value}"));
        }
        value
    }

    /// Checks that a number is in `[0, 1)`.
    pub(crate) fn in_unit_interval(&mut self, key: &str, value: f64) -> f64 {
        if !(0.0..1.0).contains(&value) {
            self.add(key, format!("must be in [0, 1), got {value}"));
        }
        value
    }
}
