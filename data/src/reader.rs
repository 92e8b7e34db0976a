//! What each format returns when it opens a file: rows for random access, or a sequential reader.

use std::path::PathBuf;

use crate::{chunk::Chunk, error::DataError, file_rows::FileRows, head::Head};

/// Reads a file from its first row to its last, in constant memory.
pub(crate) trait Reader: Send {
    /// Returns the metadata of the file.
    fn head(&self) -> &Head;

    /// Returns the next rows, at most `max_rows`, or `None` at the end. A file without rows is [`DataError::NoRows`],
    /// either when it is opened or at the first call.
    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError>;

    /// Returns where a row of the last chunk is, if the reader knows it better than by its number.
    fn place(&self, row: usize) -> Option<Place> {
        let _ = row;
        None
    }
}

/// Where a row is, for error messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    /// `line 12`, or `row 10`.
    pub(crate) position: String,
}

/// An open file.
#[expect(clippy::large_enum_variant, reason = "one exists per file")]
pub(crate) enum Opened {
    /// Uncompressed rows of equal length, for random access. The values are not checked yet.
    Rows(Head, FileRows),
    /// A file that must be read sequentially.
    Reader(Box<dyn Reader>),
}

impl Opened {
    /// Returns the metadata of the file.
    pub(crate) fn head(&self) -> &Head {
        match self {
            Opened::Rows(head, _) => head,
            Opened::Reader(reader) => reader.head(),
        }
    }
}
