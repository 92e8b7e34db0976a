//! The errors of writing rows.

use std::io;

/// Why rows could not be written. The message does not contain the name of the file; the caller adds it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// An I/O error, such as a full disk.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Rows do not have the shape of the layout.
    #[error("rows have shape {found:?}, but the file contains rows of shape {expected:?}")]
    Shape {
        /// The shape of a row of the layout.
        expected: Vec<usize>,
        /// The shape of the new rows.
        found: Vec<usize>,
    },
    /// The pass-through columns do not have the right number of rows, or a value has no representation in the file.
    #[error("cannot write the pass-through columns: {0}")]
    Columns(#[source] arrow_schema::ArrowError),
    /// A value of a file is not of the type of its column.
    #[error("column `{column}`: `{value}` cannot be written as {data_type}, the type of the column; write a .csv")]
    Value {
        /// The name of the column.
        column: String,
        /// The value as text.
        value: String,
        /// The type of the column.
        data_type: String,
    },
    /// The pass-through columns differ from those of earlier rows.
    #[error("the pass-through columns change from {expected:?} to {found:?}; write each part to a separate file")]
    Changed {
        /// The names and types in the first rows.
        expected: Vec<String>,
        /// The names and types in the new rows.
        found: Vec<String>,
    },
    /// A Parquet file would have too many columns. Each column needs memory.
    #[error("a row has {found} features, but a .parquet can have at most {most} columns of features; write an .npy")]
    Wide {
        /// The allowed number of columns.
        most: usize,
        /// The number of features per row.
        found: usize,
    },
    /// The shape does not fit into the header of an .npy.
    #[error("a row has {0} dimensions, which is too many for the header of an .npy; write a .csv")]
    Rank(usize),
    /// The rows of a mixed table have text, which an array of floats cannot contain.
    #[error("an .npy contains only numbers, and the rows of a mixed table are more; write a .csv or .parquet")]
    TableArray,
    /// An error of the Parquet writer.
    #[error("{0}")]
    Parquet(#[source] Box<dyn std::error::Error + Send + Sync>),
}
