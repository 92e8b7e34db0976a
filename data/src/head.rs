//! Metadata of a file, available before its rows are read.

use narrows_table::Schema;

use crate::{date_columns::DateColumns, notes::Notes};

/// Metadata of an open file.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// The shape of one sample. It has at least one dimension, and no dimension is 0.
    pub sample_shape: Vec<usize>,
    /// Whether values are bytes. Otherwise they are floats.
    pub is_bytes: bool,
    /// The minimum and maximum value, if known without reading the rows: 0 to 255 for bytes.
    pub range: Option<(f32, f32)>,
    /// The names of the features, if the file is a table with column names.
    pub columns: Option<Vec<String>>,
    /// The number of rows, if known without reading them.
    pub rows: Option<usize>,
    /// Whether every row has a label.
    pub has_labels: bool,
    /// The pass-through columns with a role.
    pub roles: Roles,
    /// The columns of dates that are features, if there are any, with their origins once rows are read.
    pub date_columns: Option<DateColumns>,
    /// The columns of a mixed table, if the samples are its rows.
    pub table: Option<Schema>,
    /// What the reader passed over, changed or interpreted so far. Readers may add notes while rows are read.
    pub notes: Notes,
}

/// The roles of pass-through columns, each as an index among the pass-through columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Roles {
    /// The time of each step of a recording.
    pub time: Option<usize>,
    /// The group of each step of a recording.
    pub group: Option<usize>,
    /// The labels.
    pub label: Option<usize>,
}
