//! The lines of a table cut into cells: in constant memory, with the number of the line each begins in.

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{cells::is_blank, dialect::Dialect, text};
use crate::{error::DataError, unpack::unpacking_error};

/// Bytes that are read at a time.
const WINDOW: usize = 1 << 18;
/// The longest record. Without a limit, a quote that is not closed would take in the rest of the file.
pub(super) const MOST_BYTES: usize = 1 << 25;
/// The widest record.
pub(super) const MOST_CELLS: usize = 1 << 19;

/// A line of cells, or several where a cell is quoted and has line ends in it.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The line that it begins in, from 1.
    pub(super) line: u64,
    /// The content of the cells, one after the other.
    bytes: Vec<u8>,
    /// Where each cell ends; more than there are cells.
    ends: Vec<usize>,
    cells: usize,
}

impl Record {
    /// The number of cells.
    pub(super) fn len(&self) -> usize {
        self.cells
    }

    /// A cell, unquoted; empty where there is none.
    pub(super) fn cell(&self, column: usize) -> &[u8] {
        let Some(ends) = self.ends.get(..self.cells) else { return &[] };
        let start = column.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied());
        let range = start.zip(ends.get(column).copied());
        range.and_then(|(start, end)| self.bytes.get(start..end)).unwrap_or(&[])
    }

    /// All cells.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.cells).map(|column| self.cell(column))
    }
}

/// The records of a file, from the first to the last.
pub(super) struct Records {
    path: PathBuf,
    text: Box<dyn Read + Send>,
    parser: Reader,
    window: Vec<u8>,
    /// What of the window was not parsed yet.
    start: usize,
    end: usize,
    /// The line that comes next, from 1.
    line: u64,
    /// Whether the last byte was a carriage return, whose line is counted; a line feed belongs to it.
    after_return: bool,
}

impl Records {
    /// Opens a file; it may unpack to `times` its size where it is gzipped.
    pub(super) fn open(path: &Path, dialect: Dialect, times: u32) -> Result<Self, DataError> {
        let text = text::open(path, times)?;
        let parser = ReaderBuilder::new().delimiter(dialect.delimiter).quote(dialect.quote).build();
        Ok(Records {
            path: path.to_owned(),
            text,
            parser,
            window: vec![0; WINDOW],
            start: 0,
            end: 0,
            line: 1,
            after_return: false,
        })
    }

    /// The next record; `false` at the end. Blank lines are none.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<bool, DataError> {
        loop {
            if !self.skip_line_ends()? {
                return Ok(false);
            }
            let length = self.parse(record)?;
            // What is empty but quoted is a cell.
            let is_bare = record.len() == 1 && record.cell(0).len() == length;
            if !(is_bare && is_blank(record.cell(0))) {
                return Ok(true);
            }
        }
    }

    /// Skips line ends; `false` at the end of the file.
    fn skip_line_ends(&mut self) -> Result<bool, DataError> {
        loop {
            if self.start == self.end && !self.fill()? {
                return Ok(false);
            }
            match self.window.get(self.start) {
                Some(b'\r') => (self.line, self.after_return) = (self.line + 1, true),
                Some(b'\n') => {
                    self.line += u64::from(!self.after_return);
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

    /// Parses a record, at least a byte of which is there, and returns the bytes that it took in the file
    /// without its line end.
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
                // A line end at the end of the file ends a record, unless it is within quotes.
                _ if is_end && read > 0 => {
                    return Err(DataError::QuoteOpen { path: self.path.clone(), line: record.line });
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.grow(&mut record.bytes, MOST_BYTES, record.line)?,
                ReadRecordResult::OutputEndsFull => self.grow(&mut record.ends, MOST_CELLS, record.line)?,
            }
        }
    }

    fn grow<T: Clone + Default>(&self, space: &mut Vec<T>, most: usize, line: u64) -> Result<(), DataError> {
        const FIRST: usize = 1 << 10;
        if space.len() >= most {
            return Err(DataError::RecordTooLong { path: self.path.clone(), line });
        }
        space.resize((2 * space.len()).clamp(FIRST, most), T::default());
        Ok(())
    }

    /// Reads the next part of the file once the window is used up; `false` where there is none.
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
