//! The description of samples in a manifest.

use narrows_table::{Cell, Schema};
use serde::{Deserialize, Serialize};

/// Description of one sample, as it is in the data file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Shape without the batch dimension.
    pub shape: Vec<usize>,
    /// Element type in the data file; the graphs take `f32` in the same unit.
    pub dtype: SampleType,
    /// Smallest and largest value: of the unit for images, of the training data for tables. Where the training data is
    /// a sample of a larger data set with moments, the range of the larger one.
    pub range: (f32, f32),
    /// Names of the features in order, where the data was a table with named columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Replacement of a missing value of each feature in training, where missing values were filled in. The graphs
    /// do not fill them in: the caller replaces missing values by these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Vec<f32>>,
    /// Whether a sample is a series.
    #[serde(default, skip_serializing_if = "SampleKind::is_default")]
    pub kind: SampleKind,
    /// How samples were cut from a recording, where they are windows of one. Then `columns` and `fill` have one entry
    /// per channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    /// The columns of a mixed table, where a sample is a row of one. Then the shape is `[cells]`, and `columns` has the
    /// names of the cells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Schema>,
}

impl Sample {
    /// Returns the number of features of one sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns the cells of a row of a mixed table.
    pub fn cells(&self) -> Option<Vec<Cell>> {
        self.table.as_ref().map(Schema::cells)
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

    /// Returns whether a value is outside the range by more than the width of the range. Values of new data may well be
    /// a little outside; a value this far away is probably in another unit.
    pub fn is_far_outside(&self, value: f32) -> bool {
        let (low, high) = self.range;
        value < low - self.span() || value > high + self.span()
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

/// What the values of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SampleKind {
    /// A row of a table, a vector or an image, as the shape of the sample says.
    #[default]
    Features,
    /// A time series, `[length]` or `[channels, length]`.
    Series,
}

impl SampleKind {
    fn is_default(&self) -> bool {
        *self == SampleKind::default()
    }
}

/// How samples were cut from a recording: a table with one time step per row and one channel per column. A sample has
/// the shape `[channels, window]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Windows {
    /// Length of a window, in time steps.
    pub window: usize,
    /// Distance between the starts of two consecutive windows, in time steps.
    pub hop: usize,
    /// Column with the time of each step. A window never crosses a gap in time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_column: Option<String>,
    /// Column with the group of each step. A window never crosses a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_column: Option<String>,
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
