//! Record of an epoch of the training loop of a head.

use serde::{Deserialize, Serialize};

/// Record of an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Number of the epoch, counted from 1.
    pub epoch: usize,
    /// Maximum number of epochs.
    pub epochs: usize,
    /// Mean training loss per row, without the penalty: cross-entropy in nats, or half the squared error in squared
    /// standard deviations of the targets.
    pub loss: f64,
    /// Mean loss per validation row.
    pub valid_loss: Option<f64>,
    /// Time of the training steps in seconds.
    pub seconds: f64,
}
