//! A loaded data set: values, labels and classes, in a training, a validation and a test part.

use narrows_table::Schema;

use crate::{date_columns::DateColumns, notes::Notes, sample_kind::SampleKind, values::Values};

/// The training, validation or test part of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The samples, `[rows, features]`.
    pub values: Values,
    /// One label per row: an index into [`Dataset::classes`].
    pub labels: Option<Vec<u32>>,
}

/// A data set. It has at least one row, and every value is finite or, if loading kept missing values, NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub name: String,
    /// The shape of one sample: `[8, 8]`, `[28, 28]`, `[columns]`, `[height, width, channels]`.
    pub sample_shape: Vec<usize>,
    /// Whether a sample is a series.
    pub sample_kind: SampleKind,
    /// The minimum and maximum value, in the unit of the data: 0 to 255 for bytes, 0 to 16 for digits, and the
    /// range of the training part for `f32`.
    pub range: (f32, f32),
    /// The names of the features, if the source is a table with column names.
    pub columns: Option<Vec<String>>,
    /// The value that replaces a missing value in each feature, if missing values were filled in.
    pub fill: Option<Vec<f32>>,
    /// The columns of dates that are features, if there are any, with the origins of days.
    pub date_columns: Option<DateColumns>,
    /// The columns of a mixed table, if the samples are its rows. Then `columns` has the names of the cells.
    pub table: Option<Schema>,
    /// The rows for training.
    pub train: Part,
    /// The rows for the validation loss, if they were given. Otherwise a fraction of the training part can be held out.
    pub valid: Option<Part>,
    /// The rows for testing, if the source has a test part or one was given.
    pub test: Option<Part>,
    /// The names of the classes, if there are labels.
    pub classes: Option<Vec<String>>,
    /// What readers passed over, changed or interpreted, in all parts.
    pub notes: Notes,
}

impl Dataset {
    /// Returns the name and the rows of each part that exists.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &Part)> {
        let parts =
            [("training", Some(&self.train)), ("validation", self.valid.as_ref()), ("test", self.test.as_ref())];
        parts.into_iter().filter_map(|(name, part)| Some((name, part?)))
    }
}
