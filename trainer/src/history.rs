//! The history of a run: one record per epoch.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{Averages, Figures};

/// Returns the current time in seconds since 1970; 0 if the system clock is set to an earlier time.
pub(crate) fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// The record of one epoch: a line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// The layer that was pretrained in this epoch, from 1; `None` for the complete network. Losses and metrics of a
    /// pretrained layer are those of reconstructing its inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Number of steps since the start of the run.
    pub step: u64,
    /// Time at the end of the epoch, in seconds since 1970.
    pub wall_time: f64,
    /// Duration of the training steps in seconds, without evaluation. If the run was resumed in the middle of the
    /// epoch, only steps after that count.
    pub seconds: f64,
    /// Rows per second, over the steps that `seconds` covers.
    pub samples_per_second: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// L2 norm of the gradient before clipping, averaged over the steps.
    pub gradient_norm: f64,
    /// Weight of the KL term at the last step; only for variational kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_weight: Option<f64>,
    /// Learned variance of the Gaussian likelihood at the end of the epoch; `None` if the variance is not learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// Training loss and its components, averaged over the steps of the epoch.
    pub train: Averages,
    /// Metrics on the validation rows at the end of the epoch.
    pub valid: Option<Figures>,
}
