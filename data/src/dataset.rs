//! What loading returns: values, labels and classes, in a training, a validation and a test part.

use crate::values::Values;

/// Samples that are used together: to train on, or to test with.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The samples, `[rows, features]`.
    pub values: Values,
    /// One label a row, each an index into [`Dataset::classes`].
    pub labels: Option<Vec<u32>>,
}

/// A set of data as it was found: never empty, every value finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// `digits`, `mnist`, `fashion-mnist`, or the name of the file or folder without its extension.
    pub name: String,
    /// The shape of one sample: `[8, 8]`, `[28, 28]`, `[columns]`, `[height, width, channels]`.
    pub sample_shape: Vec<usize>,
    /// The lowest and highest value, in the data's own unit: 0 to 255 for bytes, 0 to 16 for
    /// digits, and what the training part holds for `f32`.
    pub range: (f32, f32),
    /// The names of the features, where the source is a table that has some.
    pub columns: Option<Vec<String>>,
    /// What stands for a missing value in each feature, where missing values were filled in.
    pub fill: Option<Vec<f32>>,
    /// What to train on.
    pub train: Part,
    /// What to watch training by, where it was named; else a share of the training part may be held out.
    pub valid: Option<Part>,
    /// What to test with, where the source sets it apart or it was named.
    pub test: Option<Part>,
    /// The names of the classes, where there are labels.
    pub classes: Option<Vec<String>>,
}

impl Dataset {
    /// All parts that are there, by name.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &Part)> {
        let parts =
            [("training", Some(&self.train)), ("validation", self.valid.as_ref()), ("test", self.test.as_ref())];
        parts.into_iter().filter_map(|(name, part)| Some((name, part?)))
    }
}
