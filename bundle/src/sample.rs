//! What a sample is, as a manifest tells it.

use serde::{Deserialize, Serialize};

/// What one sample looks like in the file that it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Shape without the batch dimension.
    pub shape: Vec<usize>,
    /// Element type in the file; the graphs take `f32` in the same unit.
    pub dtype: SampleType,
    /// Smallest and largest value: the unit's own for images, as observed in training for tables.
    pub range: (f32, f32),
    /// The names of the features in their order, where the data was a table that names its columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// What stood for a missing value of each feature in training, where missing values were filled in. The
    /// graphs know nothing of it: whoever runs them puts these numbers in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Vec<f32>>,
}

impl Sample {
    /// Numbers in one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether these are the names of its columns in another order: taken as they stand, every feature would be
    /// another one, and nobody would see it.
    pub fn stands_in_another_order(&self, found: &[String]) -> bool {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        self.columns.as_ref().is_some_and(|known| known != found && sorted(known) == sorted(found))
    }

    /// Width of the range, the yardstick of the decoder's parity.
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

/// `scaled = (x - offset) / scale`, for all features at once or for each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaling {
    /// One number for all features, or one a feature, in the data's unit.
    pub offset: Vec<f32>,
    /// As many as offsets, in the data's unit; never zero.
    pub scale: Vec<f32>,
}
