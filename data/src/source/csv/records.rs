//! Splits a table into records of cells, in constant memory, with the line number of each record.

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{cells::is_blank, dialect::Dialect, text::Text};
use crate::{error::DataError, unpack::unpacking_error};

/// The number of bytes per read.
const WINDOW: usize = 1 << 18;
/// The maximum number of bytes in a record. Without a limit, an unclosed quote would include the rest of the file.
pub(super) const MAX_BYTES: usize = 1 << 25;
/// The maximum number of cells in a record.
pub(super) const MAX_CELLS: usize = 1 << 19;

/// Reads the rows of a table sequentially.
pub(in crate::source) trait Rows: Send {
    /// Reads the next record into `record`. Returns `false` at the end.
    fn next(&mut self, record: &mut Record) -> Result<bool, DataError>;

    /// Returns the number of blank lines between the records that were read.
    fn blank_lines(&self) -> usize;
}

/// The cells of a line, or of several lines if a quoted cell contains line ends.
#[derive(Debug, Default)]
pub(in crate::source) struct Record {
    /// The line in which it starts, from 1.
    pub(super) line: u64,
    /// The content of all cells, concatenated.
    bytes: Vec<u8>,
    /// The end of each cell in `bytes`. Longer than the number of cells.
    ends: Vec<usize>,
    cells: usize,
    /// Its length in the file in bytes, without its line end.
    length: usize,
}

impl Record {
    /// Removes all cells. The record starts in `line`.
    pub(in crate::source) fn begin(&mut self, line: u64) {
        self.line = line;
        self.bytes.clear();
        self.ends.clear();
        (self.cells, self.length) = (0, 0);
    }

    /// Adds a cell after [`begin`](Self::begin).
    pub(in crate::source) fn push(&mut self, cell: &[u8]) {
        self.bytes.extend_from_slice(cell);
        self.ends.push(self.bytes.len());
        self.cells += 1;
    }

    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.cells
    }

    /// Returns a cell without quotes. Empty if there is no such cell.
    pub(super) fn cell(&self, column: usize) -> &[u8] {
        let Some(ends) = self.ends.get(..self.cells) else { return &[] };
        let start = column.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied());
        let range = start.zip(ends.get(column).copied());
        range.and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or(&[])
    }

    /// Whether all cells are in quotes, which are not part of their content. Spaces around quotes are.
    pub(super) fn is_quoted(&self) -> bool {
        let content = self.ends.get(self.cells.saturating_sub(1)).copied().unwrap_or(0);
        self.cells > 0 && self.length == content + self.cells - 1 + 2 * self.cells
    }

    /// Returns all cells.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.cells).map(|column| self.cell(column))
    }
}

/// Reads the records of a file sequentially.
pub(super) struct Records {
    path: PathBuf,
    text: Box<dyn Read + Send>,
    parser: Reader,
    window: Vec<u8>,
    /// The start of the bytes of `window` that have not been parsed yet.
    start: usize,
    /// The end of those bytes.
    end: usize,
    /// The number of the next line, from 1.
    line: u64,
    /// Whether the last byte was a carriage return. A line feed after it does not count as another line.
    after_return: bool,
    /// The number of blank lines between records.
    blank: usize,
    /// The number of blank lines since the last record. `None` before the first one.
    blank_since: Option<usize>,
}

impl Records {
    /// Reads the records of `text`. `path` is for error messages.
    pub(super) fn new(path: &Path, text: Text, dialect: Dialect) -> Self {
        let parser = ReaderBuilder::new().delimiter(dialect.delimiter).quote(dialect.quote).build();
        Records {
            path: path.to_owned(),
            text: text.reader,
            parser,
            window: vec![0; WINDOW],
            start: 0,
            end: 0,
            line: if text.separator.is_some() { 2 } else { 1 },
            after_return: false,
            blank: 0,
            blank_since: None,
        }
    }

    fn add_blank(&mut self, lines: usize) {
        if let Some(blank) = &mut self.blank_since {
            *blank += lines;
        }
    }

    /// Skips line ends. Returns `false` at the end of the file.
    fn skip_line_ends(&mut self) -> Result<bool, DataError> {
        loop {
            if self.start == self.end && !self.fill()? {
                return Ok(false);
            }
            match self.window.get(self.start) {
                Some(b'\r') => {
                    (self.line, self.after_return) = (self.line + 1, true);
                    self.add_blank(1);
                }
                Some(b'\n') => {
                    self.line += u64::from(!self.after_return);
                    self.add_blank(usize::from(!self.after_return));
                    self.after_return = false;
                }
                Some(_) | None => {
                    self.after_return = false;
                    return Ok(true);
                }
            }
            self.start += 1;
        }
    }

    /// Parses a record, and returns its length in the file in bytes, without its line end. At least one byte must be
    /// available.
    fn parse(&mut self, record: &mut Record) -> Result<usize, DataError> {
        record.line = self.line;
        record.cells = 0;
        let lines_before = self.parser.line();
        let (mut length, mut filled) = (0, 0);
        loop {
            let is_end = self.start == self.end && !self.fill()?;
            let input = if is_end { b"\n" } else { self.window.get(self.start..self.end).unwrap_or_default() };
            let (bytes, ends) = (record.bytes.get_mut(filled..), record.ends.get_mut(record.cells..));
            let (result, read, written, ended) =
                self.parser.read_record(input, bytes.unwrap_or_default(), ends.unwrap_or_default());
            let last = read.checked_sub(1).and_then(|last| input.get(last)).copied();
            (length, filled, record.cells) = (length + read, filled + written, record.cells + ended);
            if !is_end {
                self.start += read;
            }
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => {
                    self.after_return = last == Some(b'\r');
                    self.line += self.parser.line() - lines_before + u64::from(self.after_return);
                    return Ok(length.saturating_sub(1));
                }
                // The line end that is added at the end of the file ends every record without an unclosed quote.
                _ if is_end && read > 0 => {
                    return Err(DataError::QuoteOpen { path: self.path.clone(), line: record.line });
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.grow(&mut record.bytes, MAX_BYTES, record.line)?,
                ReadRecordResult::OutputEndsFull => self.grow(&mut record.ends, MAX_CELLS, record.line)?,
            }
        }
    }

    /// Doubles a buffer, up to `max` elements.
    fn grow<T: Clone + Default>(&self, buffer: &mut Vec<T>, max: usize, line: u64) -> Result<(), DataError> {
        const INITIAL: usize = 1 << 10;
        if buffer.len() >= max {
            return Err(DataError::RecordTooLong { path: self.path.clone(), line });
        }
        buffer.resize((2 * buffer.len()).clamp(INITIAL, max), T::default());
        Ok(())
    }

    /// Reads the next bytes of the file into the window. Returns `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, DataError> {
        (self.start, self.end) = (0, 0);
        self.end = loop {
            match self.text.read(&mut self.window) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => break outcome.map_err(|source| unpacking_error(&self.path, source))?,
            }
        };
        Ok(self.end > 0)
    }
}

impl Rows for Records {
    /// Skips blank lines.
    fn next(&mut self, record: &mut Record) -> Result<bool, DataError> {
        loop {
            if !self.skip_line_ends()? {
                return Ok(false);
            }
            record.length = self.parse(record)?;
            // An empty cell in quotes is a record, not a blank line.
            let is_unquoted = record.len() == 1 && record.cell(0).len() == record.length;
            if !(is_unquoted && is_blank(record.cell(0))) {
                self.blank += self.blank_since.replace(0).unwrap_or(0);
                return Ok(true);
            }
            self.add_blank(1);
        }
    }

    fn blank_lines(&self) -> usize {
        self.blank
    }
}
