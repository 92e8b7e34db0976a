//! An array that is compressed: its numbers come one after the other and are counted as they come.

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use crate::{
    array::Array, check::check_from, chunk::Chunk, error::DataError, head::Head, in_memory::matrix, reader::Reader,
    reading::Missing, unpack::unpacking_error, values::Values,
};

/// Bytes that are unpacked at a time; a whole number of elements of any size.
const BLOCK: usize = 1 << 18;

/// Numbers that room is made for before they are seen.
const ROOM: usize = 1 << 20;

/// The numbers of an array behind its header.
struct Numbers<R> {
    path: PathBuf,
    array: Array,
    reader: R,
    buffer: Vec<u8>,
    /// Bytes that came so far.
    read: u64,
}

impl<R: Read> Numbers<R> {
    fn new(path: &Path, array: Array, reader: R) -> Self {
        Numbers { path: path.to_owned(), array, reader, buffer: Vec::new(), read: 0 }
    }

    /// Shows `each` the bytes of the next `count` numbers, in blocks of whole numbers.
    fn read(&mut self, count: usize, mut each: impl FnMut(&mut [u8])) -> Result<(), DataError> {
        let mut left = count.saturating_mul(self.array.element.size());
        while left > 0 {
            let size = left.min(BLOCK);
            self.buffer.resize(size, 0);
            let filled =
                fill(&mut self.reader, &mut self.buffer).map_err(|error| unpacking_error(&self.path, error))?;
            self.read += filled as u64;
            if filled < size {
                return Err(self.array.wrong_length(&self.path, self.read));
            }
            each(&mut self.buffer);
            left -= size;
        }
        Ok(())
    }

    /// Refuses anything behind the last number.
    fn end(&mut self) -> Result<(), DataError> {
        match fill(&mut self.reader, &mut [0]).map_err(|error| unpacking_error(&self.path, error))? {
            0 => Ok(()),
            more => Err(self.array.wrong_length(&self.path, self.read + more as u64)),
        }
    }
}

/// Reads until the buffer is full or there is no more.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Goes through the rows of a compressed array.
pub(crate) struct PackedRows<R> {
    numbers: Numbers<R>,
    head: Head,
    missing: Missing,
    /// The first row that was not given out.
    next: usize,
}

impl<R: Read> PackedRows<R> {
    /// `reader` stands behind the header; the caller has compared the promise with what may be unpacked.
    pub(crate) fn new(path: &Path, array: Array, reader: R, missing: Missing) -> Result<Self, DataError> {
        let head = array.head(path)?;
        Ok(PackedRows { numbers: Numbers::new(path, array, reader), head, missing, next: 0 })
    }
}

impl<R: Read + Send> Reader for PackedRows<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, most: usize) -> Result<Option<Chunk>, DataError> {
        let array = &self.numbers.array;
        let (rows, features, element) = (array.rows(), array.features(), array.element);
        let count = most.min(rows - self.next);
        if count == 0 {
            return Ok(None);
        }
        let size = count.saturating_mul(features);
        let values = if element.is_byte() {
            let mut all = Vec::with_capacity(size.min(ROOM));
            self.numbers.read(size, |bytes| {
                element.settle(bytes);
                all.extend_from_slice(bytes);
            })?;
            Values::U8(matrix(all, features))
        } else {
            let mut all = Vec::with_capacity(size.min(ROOM));
            self.numbers.read(size, |bytes| {
                let begin = all.len();
                all.resize(begin + bytes.len() / element.size(), 0.0);
                element.widen(bytes, &mut all[begin..]);
            })?;
            Values::F32(matrix(all, features))
        };
        check_from(&self.numbers.path, self.next, &values, None, self.missing)?;
        self.next += count;
        if self.next == rows {
            self.numbers.end()?;
        }
        Ok(Some(Chunk { values, labels: None, others: None }))
    }
}

/// All numbers of an array, one after the other; `reader` stands behind the header.
pub(crate) fn read_numbers(path: &Path, array: Array, reader: impl Read) -> Result<Vec<f32>, DataError> {
    let (element, rows) = (array.element, array.rows());
    let mut numbers: Vec<f32> = Vec::with_capacity(rows.min(ROOM));
    let mut packed = Numbers::new(path, array, reader);
    packed.read(rows, |bytes| {
        let start = numbers.len();
        numbers.resize(start + bytes.len() / element.size(), 0.0);
        element.widen(bytes, &mut numbers[start..]);
    })?;
    packed.end()?;
    Ok(numbers)
}

/// All labels of an array, one a row; `reader` stands behind the header.
pub(crate) fn read_labels(path: &Path, array: Array, reader: impl Read) -> Result<Vec<u32>, DataError> {
    array.check_labels(path)?;
    let (element, rows) = (array.element, array.rows());
    let mut labels: Vec<u32> = Vec::with_capacity(rows.min(ROOM));
    let mut wrong = None;
    let mut numbers = Numbers::new(path, array, reader);
    numbers.read(rows, |bytes| {
        let integers = (0..bytes.len() / element.size()).map_while(|place| element.integer(bytes, place));
        for integer in integers {
            match u32::try_from(integer) {
                Ok(label) => labels.push(label),
                Err(_) if wrong.is_none() => wrong = Some((labels.len(), integer.to_string())),
                Err(_) => {}
            }
        }
    })?;
    numbers.end()?;
    match wrong {
        None => Ok(labels),
        Some((row, value)) => Err(DataError::LabelRange { path: path.to_owned(), row, value }),
    }
}
