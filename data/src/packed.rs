//! A compressed array: its values are unpacked sequentially, and counted against the declared size.

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use crate::{
    array::Array,
    array_precision::ArrayPrecision,
    check::check_from,
    chunk::Chunk,
    element::Number,
    error::DataError,
    head::Head,
    in_memory::matrix,
    labels::{Labels, joined},
    reader::Reader,
    reading::Missing,
    unpack::unpacking_error,
    values::Values,
};

/// The number of bytes that are unpacked at a time: a multiple of every element size.
const BLOCK_BYTES: usize = 1 << 18;

/// The maximum number of values to allocate memory for in advance, because the declared size is untrusted.
const MAX_RESERVED: usize = 1 << 20;

/// Unpacks the values of an array after its header.
struct Unpacker<R> {
    path: PathBuf,
    array: Array,
    reader: R,
    buffer: Vec<u8>,
    /// The number of bytes unpacked so far.
    read: u64,
}

impl<R: Read> Unpacker<R> {
    fn new(path: &Path, array: Array, reader: R) -> Self {
        Unpacker { path: path.to_owned(), array, reader, buffer: Vec::new(), read: 0 }
    }

    /// Unpacks the next `count` values, and calls `each` with their bytes in blocks of complete values.
    fn read(&mut self, count: usize, mut each: impl FnMut(&mut [u8])) -> Result<(), DataError> {
        let mut left = count.saturating_mul(self.array.element.size());
        while left > 0 {
            let size = left.min(BLOCK_BYTES);
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

    /// Checks that nothing follows the last value.
    fn check_end(&mut self) -> Result<(), DataError> {
        match fill(&mut self.reader, &mut [0]).map_err(|error| unpacking_error(&self.path, error))? {
            0 => Ok(()),
            more => Err(self.array.wrong_length(&self.path, self.read + more as u64)),
        }
    }
}

/// Reads until the buffer is full or the reader ends. Returns the number of bytes.
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

/// Reads the rows of a compressed array.
pub(crate) struct PackedRows<R> {
    unpacker: Unpacker<R>,
    head: Head,
    precision: Option<ArrayPrecision>,
    missing: Missing,
    /// The next row to return.
    next: usize,
}

impl<R: Read> PackedRows<R> {
    /// Creates a reader. `reader` is positioned after the header. The caller has checked the declared size against the
    /// limit on unpacking.
    pub(crate) fn new(path: &Path, array: Array, reader: R, missing: Missing) -> Result<Self, DataError> {
        let head = array.head(path)?;
        let precision = ArrayPrecision::of(path, &head, array.element);
        Ok(PackedRows { unpacker: Unpacker::new(path, array, reader), head, precision, missing, next: 0 })
    }
}

impl<R: Read + Send> Reader for PackedRows<R> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let array = &self.unpacker.array;
        let (rows, features, element) = (array.rows(), array.features(), array.element);
        let count = max_rows.min(rows - self.next);
        if count == 0 {
            return Ok(None);
        }
        let size = count.saturating_mul(features);
        let values = if element.is_byte() {
            let mut all = Vec::with_capacity(size.min(MAX_RESERVED));
            self.unpacker.read(size, |bytes| {
                element.normalise_bools(bytes);
                all.extend_from_slice(bytes);
            })?;
            Values::U8(matrix(all, features))
        } else {
            let mut all = Vec::with_capacity(size.min(MAX_RESERVED));
            self.unpacker.read(size, |bytes| {
                let start = all.len();
                all.resize(start + bytes.len() / element.size(), 0.0);
                element.widen(bytes, &mut all[start..]);
                if let Some(precision) = &mut self.precision {
                    precision.add(start, bytes, &all[start..]);
                }
            })?;
            if let Some(precision) = &self.precision {
                self.head.notes = precision.notes();
            }
            Values::F32(matrix(all, features))
        };
        check_from(&self.unpacker.path, self.next, &values, None, self.missing)?;
        self.next += count;
        if self.next == rows {
            self.unpacker.check_end()?;
        }
        Ok(Some(Chunk { values, labels: None, others: None, recorded: None }))
    }
}

/// The order of the values of an array of labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Those of a row are next to each other.
    Rows,
    /// Those of a column are next to each other.
    Columns,
}

/// Reads the values of an array. `reader` is positioned after the header.
fn read_numbers(path: &Path, array: Array, reader: impl Read) -> Result<Vec<f32>, DataError> {
    let (element, count) = (array.element, array.rows().saturating_mul(array.features()));
    let mut numbers: Vec<f32> = Vec::with_capacity(count.min(MAX_RESERVED));
    let mut unpacker = Unpacker::new(path, array, reader);
    unpacker.read(count, |bytes| {
        let start = numbers.len();
        numbers.resize(start + bytes.len() / element.size(), 0.0);
        element.widen(bytes, &mut numbers[start..]);
    })?;
    unpacker.check_end()?;
    Ok(numbers)
}

/// Reads the labels of an array, one per row. Floats become text, and those of one row become one label. `reader` is
/// positioned after the header.
pub(crate) fn read_labels(path: &Path, array: Array, order: Order, reader: impl Read) -> Result<Labels, DataError> {
    array.check_labels(path)?;
    let (element, rows) = (array.element, array.rows());
    if !element.is_integer() {
        // Floats are usually regression targets, but whole numbers may also be classes. Text allows both.
        let targets = array.features().max(1);
        let numbers = read_numbers(path, array, reader)?;
        let value = |row: usize, target: usize| match order {
            Order::Rows => numbers[row * targets + target],
            Order::Columns => numbers[target * rows + row],
        };
        let label = |row: usize| match (0..targets).map(|target| value(row, target)).find(|value| !value.is_finite()) {
            Some(value) => Err(DataError::LabelNotFinite { path: path.to_owned(), row, value }),
            None if targets == 1 => Ok(value(row, 0).to_string()),
            None => Ok(joined((0..targets).map(|target| value(row, target).to_string().into()))),
        };
        return Ok(Labels::Text((0..rows).map(label).collect::<Result<_, _>>()?));
    }
    let mut labels = Labels::Integers(Vec::with_capacity(rows.min(MAX_RESERVED)));
    let mut unpacker = Unpacker::new(path, array, reader);
    unpacker.read(rows, |bytes| {
        let integers: Vec<i128> =
            (0..bytes.len() / element.size()).map_while(|index| element.integer(bytes, index)).collect();
        let small: Result<Vec<i64>, _> = integers.iter().map(|&integer| i64::try_from(integer)).collect();
        labels.append(match small {
            Ok(integers) if element.number == Number::Bool => {
                Labels::Text(integers.iter().map(|&integer| (integer != 0).to_string()).collect())
            }
            Ok(integers) => Labels::Integers(integers),
            Err(_) => Labels::Text(integers.iter().map(i128::to_string).collect()),
        });
    })?;
    unpacker.check_end()?;
    Ok(labels)
}
