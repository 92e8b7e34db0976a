//! An image that is still encoded: a file, or bytes in a table.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, Seek},
    path::Path,
};

/// An encoded image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture<'a> {
    /// The file, or for error messages the name of an image in a table.
    pub(crate) path: &'a Path,
    /// The content, unless it is in the file.
    pub(crate) bytes: Option<&'a [u8]>,
}

/// What a decoder reads from.
pub(super) trait Source: BufRead + Seek {}

impl<T: BufRead + Seek> Source for T {}

impl<'a> Picture<'a> {
    pub(super) fn open(self) -> io::Result<Box<dyn Source + 'a>> {
        Ok(match self.bytes {
            Some(bytes) => Box::new(Cursor::new(bytes)),
            None => Box::new(BufReader::new(File::open(self.path)?)),
        })
    }
}
