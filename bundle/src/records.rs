//! What a manifest records of how a model came to be, how well it was exported, and its files.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// How a model came to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// The full effective configuration.
    pub configuration: serde_json::Value,
    /// What it was fitted on.
    pub data: DataRecord,
    /// How far training went; nothing where weights have a closed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressRecord>,
    /// Named figures: `test.loss`, `test.mse`, `train.loss` and so on.
    pub metrics: BTreeMap<String, f64>,
    /// PCA only: the share of the training variance that each component explains, in falling order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_variance_ratio: Option<Vec<f64>>,
}

/// The data set that a model was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// Name of the set.
    pub name: String,
    /// SHA-256 over shapes, element types, values and labels.
    pub fingerprint: String,
    /// Rows that were fitted on.
    pub train_rows: usize,
    /// Rows held out from the training part, which the figures named `valid` come from.
    pub valid_rows: usize,
    /// Rows of the set's own test part, which the figures named `test` come from.
    pub test_rows: usize,
}

/// How far training went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressRecord {
    /// Complete passes over the training rows.
    pub epochs: usize,
    /// Steps of the optimizer.
    pub steps: u64,
    /// The epoch whose weights these are, where the best were gone back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
    /// Whether the run came to its end; a run that was broken off can be exported as well.
    pub finished: bool,
}

/// Parity of one graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphParity {
    /// Largest absolute difference seen: of a latent number, or of a sample in the data's unit; in units
    /// of each column's scale where columns were scaled apart. Of a head in units of its logits or of each
    /// target, where probabilities count tenfold.
    pub max_abs_difference: f32,
    /// What was allowed.
    pub tolerance: f32,
}

impl fmt::Display for GraphParity {
    /// `1.9e-6, allowed 1.6e-4`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max_abs_difference {
            0.0 => write!(formatter, "0, allowed {:.1e}", self.tolerance),
            difference => write!(formatter, "{difference:.1e}, allowed {:.1e}", self.tolerance),
        }
    }
}

impl GraphParity {
    /// Whether the difference is a number within the tolerance.
    pub fn holds(&self) -> bool {
        self.max_abs_difference <= self.tolerance
    }
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
}
