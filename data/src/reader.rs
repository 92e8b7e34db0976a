//! What every format's reader gives: rows that can be read where they lie, or a way to go through them.

use crate::{chunk::Chunk, error::DataError, file_rows::FileRows, head::Head};

/// Goes through a file from its first row to its last, in constant memory.
pub(crate) trait Reader: Send {
    /// What is known of the file.
    fn head(&self) -> &Head;

    /// The next rows, at most `most` of them; `None` at the end. A file without any row is
    /// [`DataError::NoRows`] when it is opened, or at the first call.
    fn next(&mut self, most: usize) -> Result<Option<Chunk>, DataError>;
}

/// A file that was opened.
pub(crate) enum Opened {
    /// Its rows lie one after the other and can be read where they lie. They are not checked yet.
    Rows(Head, FileRows),
    /// It has to be gone through.
    Reader(Box<dyn Reader>),
}
