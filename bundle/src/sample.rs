//! The description of samples in a manifest.

use serde::{Deserialize, Serialize};

/// Description of one sample, as it is in the data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Shape without the batch dimension.
    pub shape: Vec<usize>,
    /// Element type in the data file; the graphs take `f32` in the same unit.
    pub dtype: SampleType,
    /// Smallest and largest value: of the unit for images, of the training data for tables.
    pub range: (f32, f32),
    /// Names of the features in order, where the data was a table with named columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Replacement of a missing value of each feature in training, where missing values were filled in. The graphs
    /// do not fill them in: the caller replaces missing values by these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Vec<f32>>,
}

impl Sample {
    /// Returns the number of features of one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns whether `columns` are the columns of the model in another order. Used without reordering, each value
    /// would silently be taken for another feature.
    pub fn has_reordered_columns(&self, columns: &[String]) -> bool {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        self.columns.as_ref().is_some_and(|known| known != columns && sorted(known) == sorted(columns))
    }

    /// Returns the width of the range, which scales the tolerance of the decoder's parity check.
    pub fn span(&self) -> f32 {
        self.range.1 - self.range.0
    }
}

/// Element type of the data that a model was fitted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleType {
    /// Unsigned bytes.
    U8,
    /// 32-bit floats.
    F32,
}

/// The scaling `scaled = (x - offset) / scale`, with common or per-feature parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// One value for all features or one per feature, in the data's unit.
    pub offset: Vec<f32>,
    /// One value for all features or one per feature, in the data's unit; never zero.
    pub scale: Vec<f32>,
}
