//! Why rows could not be written.

use std::io;

/// Why rows could not be written; whoever named the file adds its name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The system says no, or the disk is full.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Rows are not those that the file was begun with.
    #[error("rows of shape {found:?} do not belong below those of shape {expected:?}")]
    Shape {
        /// The shape of a row.
        expected: Vec<usize>,
        /// The shape that came.
        found: Vec<usize>,
    },
    /// The other columns are not those of the rows before, or no file holds them.
    #[error("the columns beside the sample cannot be written: {0}")]
    Columns(#[source] arrow_schema::ArrowError),
    /// The other columns of some rows are not those of the rows before.
    #[error(
        "the columns beside the sample change from {expected:?} to {found:?}; write the parts to files of their own"
    )]
    Changed {
        /// Their names in the first rows.
        expected: Vec<String>,
        /// Their names now.
        found: Vec<String>,
    },
    /// Every column of a Parquet file costs memory.
    #[error("a row has {found} numbers, and a .parquet takes at most {most} of them as columns; write an .npy")]
    Wide {
        /// Columns that are allowed.
        most: usize,
        /// Numbers in a row.
        found: usize,
    },
    /// A header of NumPy has no room for the shape.
    #[error("the shape of a row has {0} sizes, too many for the header of an .npy")]
    Rank(usize),
    /// Parquet cannot hold it.
    #[error("{0}")]
    Parquet(#[source] Box<dyn std::error::Error + Send + Sync>),
}
