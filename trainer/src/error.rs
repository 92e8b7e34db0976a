//! What can go wrong while a model is fitted.

use crate::{ConfigError, RunError, network::GraphError};

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
    /// The data lies in a file that cannot be read any more.
    #[error(transparent)]
    Reading(#[from] narrows_data::DataError),
    /// A loss, a gradient or a weight is no longer a number.
    #[error(
        "training diverged at step {step} (epoch {epoch}): {part} became {value}{}; lower the learning rate, limit the gradient (--clip-norm) or scale the data",
        layer.as_ref().map_or(String::new(), |layer| format!(" in layer `{layer}`"))
    )]
    Diverged {
        /// Part of the loss, or gradient of it.
        part: String,
        /// The first layer with such a number, where one has.
        layer: Option<String>,
        /// What it became.
        value: f64,
        /// Step, from 1.
        step: u64,
        /// Epoch, from 1.
        epoch: usize,
    },
    /// The loss of a head, or of an encoder that learns along, is no longer a number.
    #[error(
        "the loss of the head became {value} at step {step} (epoch {epoch}); lower the learning rate or the weight decay"
    )]
    HeadDiverged {
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
    #[error("interrupted after step {step} (epoch {epoch})")]
    Interrupted {
        /// The epoch of the last step, from 1.
        epoch: usize,
        /// Steps that are done.
        step: u64,
    },
    /// The run could not be saved or recorded.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Candle could not compute something.
    #[error("candle: {0}")]
    Candle(#[source] candle_core::Error),
    /// The probe or the weights could not be written as safetensors.
    #[error("safetensors: {0}")]
    Safetensors(#[from] safetensors::SafeTensorError),
}

impl From<candle_core::Error> for TrainError {
    fn from(error: candle_core::Error) -> Self {
        match error {
            candle_core::Error::WithBacktrace { inner, .. } => TrainError::from(*inner),
            // A step of Candle's was to read rows from a file.
            candle_core::Error::WrappedContext { wrapped, context } => match wrapped.downcast() {
                Ok(reading) => TrainError::Reading(*reading),
                Err(wrapped) => TrainError::Candle(candle_core::Error::WrappedContext { wrapped, context }),
            },
            other => TrainError::Candle(other),
        }
    }
}
