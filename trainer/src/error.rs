//! What can go wrong while a model is fitted.

use std::fmt;

use crate::network::GraphError;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The option, by the name that flags and files have for it.
    pub key: &'static str,
    /// What is wrong with it, and what would be right.
    pub what: String,
}

/// Everything that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(|Problem { key, what }| format!("`{key}` {what}")).collect();
        formatter.write_str(&lines.join("; "))
    }
}

impl std::error::Error for ConfigError {}

/// An error while fitting or exporting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network cannot be built.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The data cannot be fitted.
    #[error("{part} data: {what}")]
    Data {
        /// Training, validation or test.
        part: &'static str,
        /// What is wrong, where, and what to do.
        what: String,
    },
    /// The loss is no longer a number.
    #[error(
        "the {part} became {value} at step {step} (epoch {epoch}): training diverged; lower the learning rate or scale the data"
    )]
    Diverged {
        /// Part of the loss.
        part: &'static str,
        /// What it became.
        value: f64,
        /// Step, from 1.
        step: u64,
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The fit ended in numbers that are none.
    #[error(
        "{what} of the fitted model is {value}: the values of the data, or of an option, are too large or too small for 32-bit floats; scale the data first"
    )]
    NotFinite {
        /// The weight or the figure.
        what: String,
        /// What it is.
        value: f64,
    },
    /// The observer asked to stop.
    #[error("interrupted in epoch {epoch}")]
    Interrupted {
        /// Epoch, from 1.
        epoch: usize,
    },
    /// Candle could not compute something.
    #[error("candle: {0}")]
    Candle(#[from] candle_core::Error),
    /// The probe or the weights could not be written as safetensors.
    #[error("safetensors: {0}")]
    Safetensors(#[from] safetensors::SafeTensorError),
}
