//! Rows that stay in a file and are read on demand, so that a data set can be larger than memory.
//!
//! Reads are positional and go into a buffer of bounded size. A memory map would be as fast, but its pages count as
//! memory of the process, and truncating the file would kill the process.

mod read_ahead;

use std::{fs::File, path::Path, path::PathBuf, sync::Arc, time::SystemTime};

use ndarray::Array2;

use crate::{
    element::Element,
    error::DataError,
    in_memory::{InMemory, matrix},
    read_at::read_at,
    row::Row,
    unpack::unpacking_error,
};

/// The number of bytes per read, rounded up to one row.
const BLOCK_BYTES: usize = 1 << 20;

/// The number of values per block: few enough to stay in the cache of a core between reading and checking.
const BLOCK_VALUES: usize = 1 << 15;

/// Consecutive rows of equal length in a file.
#[derive(Clone, Debug)]
pub struct FileRows {
    file: Arc<Opened>,
    element: Element,
    /// The byte offset of the first row.
    start: u64,
    rows: usize,
    features: usize,
    /// The selected rows, each as its row number in the file. `None` selects all rows.
    kept: Option<Arc<[u64]>>,
    /// The value that replaces NaN in each feature.
    fill: Option<Arc<[f32]>>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    path: PathBuf,
    /// Length and modification time when the file was opened, if the system reports them.
    state: Option<(u64, SystemTime)>,
}

impl Opened {
    fn state_of(file: &File) -> Option<(u64, SystemTime)> {
        let metadata = file.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }
}

impl FileRows {
    /// Creates `rows` rows of `features` elements, starting at the byte `start`. The caller has checked this against
    /// the length of the file. `path` is for error messages.
    pub(crate) fn new(file: File, path: &Path, element: Element, start: u64, rows: usize, features: usize) -> Self {
        let state = Opened::state_of(&file);
        let file = Arc::new(Opened { file, path: path.to_owned(), state });
        FileRows { file, element, start, rows, features, kept: None, fill: None }
    }

    /// Keeps only the given rows, in the given order.
    pub(crate) fn keep(self, rows: &[usize]) -> Self {
        let kept = rows.iter().map(|&row| self.row_in_file(row)).collect();
        FileRows { kept: Some(kept), ..self }
    }

    /// Replaces NaN by the values in `fill`, one per feature.
    pub(crate) fn filled(self, fill: &[f32]) -> Self {
        FileRows { fill: Some(fill.into()), ..self }
    }

    /// Checks that the file has not been modified since it was opened: rows that are read twice must be equal.
    pub(crate) fn check_unchanged(&self) -> Result<(), DataError> {
        if Opened::state_of(&self.file.file) == self.file.state {
            return Ok(());
        }
        Err(DataError::Changed { path: self.file.path.clone() })
    }

    /// The number of samples.
    pub fn rows(&self) -> usize {
        self.kept.as_ref().map_or(self.rows, |kept| kept.len())
    }

    /// The number of values in a sample.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Whether the rows are bytes. Otherwise they are floats.
    pub fn is_bytes(&self) -> bool {
        self.element.is_byte()
    }

    /// Returns the number of bytes that the rows would need in memory.
    pub(crate) fn size_in_memory(&self) -> u64 {
        let value_size = if self.is_bytes() { 1 } else { size_of::<f32>() };
        (self.rows() as u64).saturating_mul((self.features * value_size) as u64)
    }

    /// The type of the values in the file.
    pub(crate) fn element(&self) -> Element {
        self.element
    }

    /// Does the same as [`Values::visit`](crate::Values::visit).
    pub(crate) fn visit(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, Row<'_>),
    ) -> Result<(), DataError> {
        self.visit_with_bytes(rows, |position, row, _| each(position, row))
    }

    /// Does the same as [`visit`](Self::visit), and also passes the bytes of each row in the file.
    fn visit_with_bytes(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, Row<'_>, &[u8]),
    ) -> Result<(), DataError> {
        let width = self.features * self.element.size();
        let max_rows = (BLOCK_BYTES / width.max(1)).max(1) as u64;
        let mut bytes = Vec::new();
        let mut floats = vec![0f32; if self.is_bytes() { 0 } else { self.features }];
        let mut position = 0;
        let mut rows = rows.into_iter().map(|row| self.row_in_file(row)).peekable();
        while let Some(first) = rows.next() {
            // Consecutive rows are read together.
            let mut count = 1;
            while count < max_rows && rows.next_if_eq(&(first + count)).is_some() {
                count += 1;
            }
            bytes.resize(count as usize * width, 0);
            self.read(&mut bytes, first * width as u64)?;
            self.element.normalise_bools(&mut bytes);
            for row in bytes.chunks_exact(width.max(1)) {
                if self.is_bytes() {
                    each(position, Row::U8(row), row);
                } else {
                    self.element.widen(row, &mut floats);
                    if let Some(fill) = &self.fill {
                        fill_in(&mut floats, fill);
                    }
                    each(position, Row::F32(&floats), row);
                }
                position += 1;
            }
        }
        Ok(())
    }

    /// Does the same as [`Values::select`](crate::Values::select).
    pub(crate) fn select(&self, rows: &[usize]) -> Result<InMemory, DataError> {
        self.select_with_bytes(rows, |_, _| ())
    }

    /// Does the same as [`select`](Self::select). Calls `each` with the bytes in the file of each row of floats, and
    /// the floats.
    pub(crate) fn select_with_bytes(
        &self,
        rows: &[usize],
        mut each: impl FnMut(&[u8], &[f32]),
    ) -> Result<InMemory, DataError> {
        fn add<T: Copy>(all: &mut Vec<T>, row: &[T]) {
            all.extend_from_slice(row);
        }
        let (mut bytes, mut floats) = (Vec::new(), Vec::new());
        let size = rows.len() * self.features;
        if self.is_bytes() {
            bytes.reserve_exact(size)
        } else {
            floats.reserve_exact(size)
        }
        self.visit_with_bytes(rows.iter().copied(), |_, row, in_file| match row {
            Row::U8(row) => add(&mut bytes, row),
            Row::F32(row) => {
                each(in_file, row);
                add(&mut floats, row);
            }
        })?;
        let empty = || (0, self.features);
        Ok(match (self.is_bytes(), rows.is_empty()) {
            (true, true) => InMemory::U8(Array2::zeros(empty())),
            (true, false) => InMemory::U8(matrix(bytes, self.features)),
            (false, true) => InMemory::F32(Array2::zeros(empty())),
            (false, false) => InMemory::F32(matrix(floats, self.features)),
        })
    }

    /// Reads all rows into memory. Calls `check` with each block of floats, the index of its first value, counted from
    /// the first value of all rows, and its bytes in the file, which are empty for rows that differ from the file.
    pub(crate) fn read_all(
        &self,
        mut check: impl FnMut(usize, &[f32], &[u8]) -> Result<(), DataError>,
    ) -> Result<InMemory, DataError> {
        if self.is_altered() {
            let all = self.select(&(0..self.rows()).collect::<Vec<_>>())?;
            if let InMemory::F32(all) = &all {
                all.as_slice().map_or(Ok(()), |numbers| check(0, numbers, &[]))?;
            }
            return Ok(all);
        }
        if self.is_bytes() {
            let mut bytes = vec![0; self.rows * self.features];
            self.read(&mut bytes, 0)?;
            self.element.normalise_bools(&mut bytes);
            return Ok(InMemory::U8(matrix(bytes, self.features)));
        }
        let mut all = vec![0f32; self.rows * self.features];
        let mut bytes = vec![0; BLOCK_VALUES * self.element.size()];
        for (block, numbers) in all.chunks_mut(BLOCK_VALUES).enumerate() {
            let in_file = self.read_floats(block * BLOCK_VALUES, &mut bytes, numbers)?;
            check(block * BLOCK_VALUES, numbers, in_file)?;
        }
        Ok(InMemory::F32(matrix(all, self.features)))
    }

    /// Calls `check` with the floats of all rows, as [`read_all`](Self::read_all) does, without storing them.
    pub(crate) fn visit_all(
        &self,
        mut check: impl FnMut(usize, &[f32], &[u8]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        if self.is_altered() {
            let mut outcome = Ok(());
            self.visit(0..self.rows(), |row, numbers| {
                if let (Ok(()), Row::F32(numbers)) = (&outcome, numbers) {
                    outcome = check(row * self.features, numbers, &[]);
                }
            })?;
            return outcome;
        }
        let count = if self.is_bytes() { 0 } else { self.rows * self.features };
        let (mut bytes, mut numbers) = (vec![0; BLOCK_VALUES * self.element.size()], vec![0f32; BLOCK_VALUES]);
        for first in (0..count).step_by(BLOCK_VALUES) {
            let numbers = &mut numbers[..BLOCK_VALUES.min(count - first)];
            let in_file = self.read_floats(first, &mut bytes, numbers)?;
            check(first, numbers, in_file)?;
        }
        Ok(())
    }

    /// Whether the rows differ from those in the file: some are left out, or NaN is replaced.
    fn is_altered(&self) -> bool {
        self.kept.is_some() || self.fill.is_some()
    }

    /// Reads `into.len()` values of the file, starting with the value `first`. `bytes` is a scratch buffer. Returns the
    /// bytes of the values.
    fn read_floats<'a>(&self, first: usize, bytes: &'a mut [u8], into: &mut [f32]) -> Result<&'a [u8], DataError> {
        let size = self.element.size();
        let bytes = &mut bytes[..into.len() * size];
        self.read(bytes, first as u64 * size as u64)?;
        self.element.widen(bytes, into);
        Ok(bytes)
    }

    /// Fills `bytes` from the file. `offset` is counted in bytes from the first row.
    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), DataError> {
        let read = read_at(&self.file.file, bytes, self.start + offset);
        read.map_err(|source| unpacking_error(&self.file.path, source))
    }

    /// Converts a row of the selection to a row of the file.
    fn row_in_file(&self, row: usize) -> u64 {
        match &self.kept {
            Some(kept) => kept[row],
            None => {
                assert!(row < self.rows, "row {row} of {}", self.rows);
                row as u64
            }
        }
    }
}

/// Equal if they are the same rows of the same file. The values are not compared.
impl PartialEq for FileRows {
    fn eq(&self, other: &Self) -> bool {
        let layout = |rows: &Self| (rows.file.path.clone(), rows.element, rows.start, rows.rows, rows.features);
        layout(self) == layout(other) && self.kept == other.kept && self.fill == other.fill
    }
}

/// Replaces NaN by the value of each feature in `fill`.
pub(crate) fn fill_in<'a>(row: impl IntoIterator<Item = &'a mut f32>, fill: &[f32]) {
    for (value, &fill) in row.into_iter().zip(fill) {
        if value.is_nan() {
            *value = fill;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::element::{ByteOrder, Number};

    /// Five rows of two big-endian `i16`, after a header of three bytes.
    fn rows() -> FileRows {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[9, 9, 9]).expect("enough disk space");
        for number in 0..10i16 {
            file.write_all(&(number - 3).to_be_bytes()).expect("enough disk space");
        }
        let element = Element { number: Number::I16, order: ByteOrder::Big };
        FileRows::new(file, Path::new("x"), element, 3, 5, 2)
    }

    fn rows_at(rows: &FileRows, selected: &[usize]) -> Vec<Vec<f32>> {
        let mut values = Vec::new();
        rows.visit(selected.iter().copied(), |_, row| values.push(row.floats().collect())).expect("a complete file");
        values
    }

    #[test]
    fn rows_are_read_in_any_order() {
        let expected = [[5.0, 6.0], [-3.0, -2.0], [-1.0, 0.0], [-1.0, 0.0]];
        assert_eq!(rows_at(&rows(), &[4, 0, 1, 1]), expected);
    }

    #[test]
    fn dropped_and_filled_rows_are_read_consistently() {
        let kept = rows().keep(&[0, 2, 4]).keep(&[1, 2]);
        assert_eq!((kept.rows(), rows_at(&kept, &[1, 0])), (2, vec![vec![5.0, 6.0], vec![1.0, 2.0]]));
        let mut checked = Vec::new();
        let read = kept.read_all(|_, numbers, _| {
            checked.extend_from_slice(numbers);
            Ok(())
        });
        assert_eq!(read.expect("a complete file"), InMemory::F32(matrix(vec![1.0, 2.0, 5.0, 6.0], 2)));
        let all = kept.filled(&[0.0, 0.0]).visit_all(|first, numbers, _| {
            assert_eq!(numbers, &checked[first..][..2]);
            Ok(())
        });
        all.expect("a complete file");
    }

    #[test]
    fn a_truncated_file_is_an_error_with_its_name() {
        let rows = rows();
        rows.file.file.set_len(10).expect("a file of this test");
        let error = rows.select(&[4]).expect_err("cut off").to_string();
        assert_eq!(error, "x ends too early; the file is cut off, so download or copy it again");
        assert!(matches!(rows.read_all(|_, _, _| Ok(())), Err(DataError::CutOff { .. })));
    }

    #[test]
    fn all_rows_are_read_and_checked_in_blocks() {
        let numbers: Vec<f32> = (0..3 * BLOCK_VALUES as u32 / 2).map(|number| number as f32).collect();
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>())
            .expect("enough disk space");
        let rows = FileRows::new(file, Path::new("x"), Element::FLOAT, 0, numbers.len() / 3, 3);
        let (mut read, mut checked) = (Vec::new(), Vec::new());
        let values = rows.read_all(|first, numbers, _| {
            assert_eq!(first, read.len());
            read.extend_from_slice(numbers);
            Ok(())
        });
        assert_eq!(values.expect("a complete file"), InMemory::F32(matrix(numbers.clone(), 3)));
        let all = rows.visit_all(|_, numbers, _| {
            checked.extend_from_slice(numbers);
            Ok(())
        });
        all.expect("a complete file");
        assert_eq!((read, checked), (numbers.clone(), numbers));
    }

    #[test]
    fn booleans_are_0_or_1_for_every_nonzero_byte() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[0, 1, 7, 255]).expect("enough disk space");
        let element = Element { number: Number::Bool, order: ByteOrder::Little };
        let rows = FileRows::new(file, Path::new("x"), element, 0, 2, 2);
        assert_eq!(rows_at(&rows, &[1, 0]), [[1.0, 1.0], [0.0, 1.0]]);
        let expected = InMemory::U8(matrix(vec![0, 1, 1, 1], 2));
        assert_eq!(rows.read_all(|_, _, _| Ok(())).expect("a complete file"), expected);
    }
}
