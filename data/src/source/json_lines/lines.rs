//! The lines of a file that are not blank, one after the other.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::{error::DataError, source::csv::open_text, unpack::unpacking_error};

/// The longest line in bytes.
const MAX_LINE: usize = 4 << 20;
/// The number of lines that decide which columns there are.
const MAX_AHEAD: usize = 1000;
/// The number of bytes after which no further line decides.
const MAX_AHEAD_BYTES: usize = 4 << 20;

/// Reads lines. Gzip is recognised by the content.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<Box<dyn Read + Send>>,
    /// The number of lines that were read, including blank ones.
    read: u64,
    /// Lines that were read ahead, with their numbers from 1.
    ahead: VecDeque<(u64, Vec<u8>)>,
}

impl Lines {
    /// Opens a file, which may unpack to `times` its size.
    pub(super) fn open(path: &Path, times: u32) -> Result<Self, DataError> {
        let reader = BufReader::new(open_text(path, times)?.reader);
        Ok(Lines { path: path.to_owned(), reader, read: 0, ahead: VecDeque::new() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Calls `each` with the first lines, which are returned again by [`next`](Self::next).
    pub(super) fn look_ahead(
        &mut self,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let mut bytes = 0;
        while self.ahead.len() < MAX_AHEAD && bytes < MAX_AHEAD_BYTES {
            let Some((line, text)) = self.read()? else { break };
            each(line, &text)?;
            bytes += text.len();
            self.ahead.push_back((line, text));
        }
        if self.ahead.is_empty() {
            return Err(DataError::Empty { path: self.path.clone() });
        }
        Ok(())
    }

    /// Returns the next line that is not blank, and its number from 1.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, DataError> {
        match self.ahead.pop_front() {
            Some(line) => Ok(Some(line)),
            None => self.read(),
        }
    }

    fn read(&mut self) -> Result<Option<(u64, Vec<u8>)>, DataError> {
        loop {
            let mut text = Vec::new();
            let mut limited = self.reader.by_ref().take(MAX_LINE as u64 + 1);
            let count = limited.read_until(b'\n', &mut text).map_err(|error| unpacking_error(&self.path, error))?;
            if count == 0 {
                return Ok(None);
            }
            self.read += 1;
            if count > MAX_LINE {
                let fault = format!("has more than {} MB; write one object or array per line", MAX_LINE >> 20);
                return Err(DataError::json_line(&self.path, self.read, fault));
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some((self.read, text)));
            }
        }
    }
}
