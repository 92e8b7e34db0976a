//! How a run went, epoch by epoch.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::{Averages, Figures};

/// Seconds since 1970; 0 on a clock that stands before.
pub(crate) fn wall_time() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// One epoch: a line of `metrics.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Epoch, from 1.
    pub epoch: usize,
    /// The layer that was trained alone, from 1, while layers are pretrained: losses and figures are then those of
    /// giving back what it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Steps since the run began.
    pub step: u64,
    /// When it ended, in seconds since 1970.
    pub wall_time: f64,
    /// Time of its steps in seconds, without evaluation; since the run was taken up, where that was in the
    /// middle of the epoch.
    pub seconds: f64,
    /// Rows a second, over the steps of `seconds`.
    pub samples_per_second: f64,
    /// Step size at its last step.
    pub learning_rate: f64,
    /// Norm of the gradient before clipping, averaged over its steps.
    pub gradient_norm: f64,
    /// Weight of the divergence at its last step; variational kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_weight: Option<f64>,
    /// Variance of the Gaussian likelihood at its end, where it is learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// Averages over the epoch's steps, as training saw them.
    pub train: Averages,
    /// Figures of the rows that were held out, at the epoch's end.
    pub valid: Option<Figures>,
}
