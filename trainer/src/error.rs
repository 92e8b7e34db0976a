//! Errors of fitting and exporting a model.

use narrows_bundle::described_bytes;

use crate::{ConfigError, RunError, device::DeviceError, network::GraphError};

/// An error while fitting or exporting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The configuration is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The device cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The network cannot be built.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The data cannot be fitted.
    #[error("{part} data: {what}")]
    Data {
        /// Name of the part: training, validation or test.
        part: &'static str,
        /// The problem, its position and what to do.
        what: String,
    },
    /// The file that contains the data can no longer be read.
    #[error(transparent)]
    Reading(#[from] narrows_data::DataError),
    /// A step of the fit would need more memory than there is.
    #[error(
        "{what} needs about {}, and {} of memory are available; {advice}",
        described_bytes(*needed),
        described_bytes(*available)
    )]
    Memory {
        /// What needs the memory, with its size.
        what: String,
        /// Estimated size in bytes.
        needed: u64,
        /// What is available, in bytes.
        available: u64,
        /// What to do.
        advice: String,
    },
    /// A loss, a gradient or a weight became infinite or NaN, or the final loss is very large.
    #[error(
        "training diverged at step {step} (epoch {epoch}): {part} became {value:.3e}{}; lower the learning rate, clip \
         the gradient (--clip-norm) or scale the data",
        layer.as_ref().map_or(String::new(), |layer| format!(" in layer `{layer}`"))
    )]
    Diverged {
        /// The loss component, gradient or weight that is not finite, or the final loss.
        part: String,
        /// The first layer with a value that is not finite; if only the loss is not finite, the layer with the largest
        /// value.
        layer: Option<String>,
        /// The value.
        value: f64,
        /// Number of the step, from 1.
        step: u64,
        /// Number of the epoch, from 1.
        epoch: usize,
    },
    /// The loss of a transfer, for the head or for a fine-tuned encoder, became infinite or NaN.
    #[error(
        "the loss of the head became {value} at step {step} (epoch {epoch}); lower the learning rate or the weight \
         decay"
    )]
    HeadDiverged {
        /// The value.
        value: f64,
        /// Number of the step, from 1.
        step: u64,
        /// Number of the epoch, from 1.
        epoch: usize,
    },
    /// A weight or a metric of the fitted model is infinite or NaN.
    #[error(
        "{what} of the fitted model is {value}: the values of the data, or of an option, are too large or too small \
         for 32-bit floats; scale the data first"
    )]
    NotFinite {
        /// The weight or the metric.
        what: String,
        /// The value.
        value: f64,
    },
    /// The callback stopped the run.
    #[error("interrupted after step {step} (epoch {epoch})")]
    Interrupted {
        /// Number of the epoch of the last step, from 1.
        epoch: usize,
        /// Number of completed steps.
        step: u64,
    },
    /// A checkpoint or the metrics of the run could not be saved.
    #[error(transparent)]
    Run(#[from] RunError),
    /// An operation of Candle failed.
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
            // An operation of Candle that reads rows from a file wraps the error of reading.
            candle_core::Error::WrappedContext { wrapped, context } => match wrapped.downcast() {
                Ok(reading) => TrainError::Reading(*reading),
                Err(wrapped) => TrainError::Candle(candle_core::Error::WrappedContext { wrapped, context }),
            },
            other => TrainError::Candle(other),
        }
    }
}
