//! What is known of a file before its rows are read.

/// What is known of a file once it is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The shape of one sample; never empty, no size of it is 0.
    pub sample_shape: Vec<usize>,
    /// Whether values are bytes; else they are floats.
    pub is_bytes: bool,
    /// The lowest and highest value, where it is known without looking: 0 to 255 for bytes.
    pub range: Option<(f32, f32)>,
    /// The names of the features, where the file is a table that has some.
    pub columns: Option<Vec<String>>,
    /// The number of rows, where it is known without reading them.
    pub rows: Option<usize>,
    /// Whether every row has a label.
    pub has_labels: bool,
}
