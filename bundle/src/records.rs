//! Records in a manifest: training run, data set, parity and files.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// Record of the training run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// The complete effective configuration.
    pub configuration: serde_json::Value,
    /// The training data.
    pub data: DataRecord,
    /// The moments of a larger data set, of which the training data is a sample, where the scaling and, for PCA, the
    /// components are computed from moments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moments: Option<MomentsRecord>,
    /// Training progress; `None` where the weights have a closed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<ProgressRecord>,
    /// Metrics by name: `test.loss`, `test.mse`, `train.loss` and so on.
    pub metrics: BTreeMap<String, f64>,
    /// Explained variance ratio of each component, in descending order; PCA only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_variance_ratio: Option<Vec<f64>>,
}

/// The data set that a model was fitted on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// Name of the data set.
    pub name: String,
    /// SHA-256 over shapes, element types, values and labels.
    pub fingerprint: String,
    /// Number of training rows.
    pub train_rows: usize,
    /// Number of validation rows, held out from the training part; the metrics named `valid` are computed on them.
    pub valid_rows: usize,
    /// Number of rows of the test part; the metrics named `test` are computed on them.
    pub test_rows: usize,
}

/// The moments that a model was fitted with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MomentsRecord {
    /// SHA-256 of the moments file, in lower-case hexadecimal.
    pub sha256: String,
    /// Number of rows of the data set that the moments describe.
    pub count: u64,
}

/// Training progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgressRecord {
    /// Complete passes over the training rows.
    pub epochs: usize,
    /// Optimizer steps.
    pub steps: u64,
    /// Epoch of the exported weights, where the best epoch was restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<usize>,
    /// Whether the run finished; an interrupted run can be exported, too.
    pub finished: bool,
}

/// Parity of one graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphParity {
    /// Largest absolute difference between ONNX Runtime and the trainer.
    ///
    /// Unit, for a code: latent units. For a reconstruction: the data's unit, or each column's scale where columns
    /// are scaled separately. For a head: relative to the largest logit (at least 1), or to the largest value of each
    /// target; differences of probabilities are multiplied by ten.
    pub max_abs_difference: f32,
    /// Largest accepted difference, in the same unit.
    pub tolerance: f32,
}

impl fmt::Display for GraphParity {
    /// Formats the record as `1.9e-6, allowed 1.6e-4`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max_abs_difference {
            0.0 => write!(formatter, "0, allowed {:.1e}", self.tolerance),
            difference => write!(formatter, "{difference:.1e}, allowed {:.1e}", self.tolerance),
        }
    }
}

impl GraphParity {
    /// Returns whether the difference is within the tolerance; false for NaN.
    pub fn holds(&self) -> bool {
        self.max_abs_difference <= self.tolerance
    }
}

/// Size and hash of a file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileRecord {
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, in lower-case hexadecimal.
    pub sha256: String,
}
