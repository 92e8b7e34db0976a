//! The figures of one cell, as they are stored in its folder.

use serde::{Deserialize, Serialize};

/// Figures of one model on the rows that judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Figures {
    /// Mean squared error per feature, in scaled units.
    pub(crate) mse: f64,
    /// Negative log-likelihood in nats per sample, importance-sampled; only of variational kinds.
    pub(crate) nll: Option<f64>,
    /// Rate: the KL divergence to the prior in nats per sample; only of variational kinds.
    pub(crate) rate: Option<f64>,
    /// Distortion: the negative log-likelihood of a sample given its code, in nats per sample; only of variational
    /// kinds.
    pub(crate) distortion: Option<f64>,
    /// Accuracy of a linear classifier on the codes, in `[0, 1]`; `None` without labels.
    pub(crate) probe_accuracy: Option<f64>,
    /// Number of weights in the exported graphs.
    pub(crate) parameters: u64,
    /// Bytes of all files of the bundle.
    pub(crate) bundle_bytes: u64,
    /// Duration of training in seconds; `None` for a loaded bundle.
    pub(crate) train_seconds: Option<f64>,
    /// Microseconds per row to encode; `None` until it is measured.
    pub(crate) encode_microseconds: Option<f64>,
    /// Offset and scale of the scaling, hashed: errors in scaled units are comparable only if this is equal.
    pub(crate) scaling: String,
    /// Warnings about the model.
    pub(crate) remarks: Vec<String>,
}
