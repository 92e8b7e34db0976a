//! Rows that stay in a file and are read where they lie, so that a set may be larger than memory.
//!
//! Reads go by position, into a buffer of a bounded size. A memory map would be as fast, but its pages count
//! as the process's own, and a file that somebody cuts off would end the process.

use std::{fs::File, io, path::Path, path::PathBuf, sync::Arc, time::SystemTime};

use ndarray::Array2;

use crate::{
    element::Element,
    error::DataError,
    in_memory::{InMemory, matrix},
    row::Row,
    unpack::unpacking_error,
};

/// Bytes that are read at a time, and at least one row.
const BLOCK: usize = 1 << 20;

/// Numbers that are read and looked at together: few enough to stay in the cache of a core.
const NUMBERS: usize = 1 << 15;

/// Rows of equal length in a file, one after the other.
#[derive(Clone, Debug)]
pub struct FileRows {
    file: Arc<Opened>,
    element: Element,
    /// Where the first row begins.
    start: u64,
    rows: usize,
    features: usize,
    /// The rows that count, by their place in the file; all of them without it.
    kept: Option<Arc<[u64]>>,
    /// What stands for NaN in each feature.
    fill: Option<Arc<[f32]>>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    path: PathBuf,
    /// Length and time of the last change, where the system tells them.
    state: Option<(u64, SystemTime)>,
}

impl Opened {
    fn state_of(file: &File) -> Option<(u64, SystemTime)> {
        let metadata = file.metadata().ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }
}

impl FileRows {
    /// `rows` of `features` elements from the byte `start` on; the caller has compared it with the file's
    /// length. `path` is named in errors.
    pub(crate) fn new(file: File, path: &Path, element: Element, start: u64, rows: usize, features: usize) -> Self {
        let state = Opened::state_of(&file);
        let file = Arc::new(Opened { file, path: path.to_owned(), state });
        FileRows { file, element, start, rows, features, kept: None, fill: None }
    }

    /// These rows alone, in this order.
    pub(crate) fn keep(self, rows: &[usize]) -> Self {
        let kept = rows.iter().map(|&row| self.place(row)).collect();
        FileRows { kept: Some(kept), ..self }
    }

    /// With these numbers, one a feature, in the place of NaN.
    pub(crate) fn filled(self, fill: &[f32]) -> Self {
        FileRows { fill: Some(fill.into()), ..self }
    }

    /// Refuses a file that somebody wrote to since it was opened: rows that are read twice have to be the same.
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

    /// Whether its rows are bytes; else they are floats.
    pub fn is_bytes(&self) -> bool {
        self.element.is_byte()
    }

    /// Bytes that the rows take in memory.
    pub(crate) fn size_in_memory(&self) -> u64 {
        let each = if self.is_bytes() { 1 } else { size_of::<f32>() };
        (self.rows() as u64).saturating_mul((self.features * each) as u64)
    }

    /// As [`Values::visit`](crate::Values::visit).
    pub(crate) fn visit(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, Row<'_>),
    ) -> Result<(), DataError> {
        let width = self.features * self.element.size();
        let most = (BLOCK / width.max(1)).max(1) as u64;
        let mut bytes = Vec::new();
        let mut floats = vec![0f32; if self.is_bytes() { 0 } else { self.features }];
        let mut place = 0;
        let mut rows = rows.into_iter().map(|row| self.place(row)).peekable();
        while let Some(first) = rows.next() {
            // Rows that lie one after the other are read in one go.
            let mut count = 1;
            while count < most && rows.next_if_eq(&(first + count)).is_some() {
                count += 1;
            }
            bytes.resize(count as usize * width, 0);
            self.read(&mut bytes, first * width as u64)?;
            self.element.settle(&mut bytes);
            for row in bytes.chunks_exact(width.max(1)) {
                if self.is_bytes() {
                    each(place, Row::U8(row));
                } else {
                    self.element.widen(row, &mut floats);
                    if let Some(fill) = &self.fill {
                        fill_in(&mut floats, fill);
                    }
                    each(place, Row::F32(&floats));
                }
                place += 1;
            }
        }
        Ok(())
    }

    /// As [`Values::select`](crate::Values::select).
    pub(crate) fn select(&self, rows: &[usize]) -> Result<InMemory, DataError> {
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
        self.visit(rows.iter().copied(), |_, row| match row {
            Row::U8(row) => add(&mut bytes, row),
            Row::F32(row) => add(&mut floats, row),
        })?;
        let empty = || (0, self.features);
        Ok(match (self.is_bytes(), rows.is_empty()) {
            (true, true) => InMemory::U8(Array2::zeros(empty())),
            (true, false) => InMemory::U8(matrix(bytes, self.features)),
            (false, true) => InMemory::F32(Array2::zeros(empty())),
            (false, false) => InMemory::F32(matrix(floats, self.features)),
        })
    }

    /// All rows in memory. Floats are shown to `look` as they are read, with the number of the first of them,
    /// counted from the first of all.
    pub(crate) fn read_all(
        &self,
        mut look: impl FnMut(usize, &[f32]) -> Result<(), DataError>,
    ) -> Result<InMemory, DataError> {
        if self.is_altered() {
            let all = self.select(&(0..self.rows()).collect::<Vec<_>>())?;
            if let InMemory::F32(all) = &all {
                all.as_slice().map_or(Ok(()), |numbers| look(0, numbers))?;
            }
            return Ok(all);
        }
        if self.is_bytes() {
            let mut bytes = vec![0; self.rows * self.features];
            self.read(&mut bytes, 0)?;
            self.element.settle(&mut bytes);
            return Ok(InMemory::U8(matrix(bytes, self.features)));
        }
        let mut all = vec![0f32; self.rows * self.features];
        let mut bytes = vec![0; NUMBERS * self.element.size()];
        for (block, numbers) in all.chunks_mut(NUMBERS).enumerate() {
            self.read_floats(block * NUMBERS, &mut bytes, numbers)?;
            look(block * NUMBERS, numbers)?;
        }
        Ok(InMemory::F32(matrix(all, self.features)))
    }

    /// Shows the floats of all rows to `look`, as [`read_all`](Self::read_all) does, and keeps none.
    pub(crate) fn look_at_all(
        &self,
        mut look: impl FnMut(usize, &[f32]) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        if self.is_altered() {
            let mut outcome = Ok(());
            self.visit(0..self.rows(), |row, numbers| {
                if let (Ok(()), Row::F32(numbers)) = (&outcome, numbers) {
                    outcome = look(row * self.features, numbers);
                }
            })?;
            return outcome;
        }
        let count = if self.is_bytes() { 0 } else { self.rows * self.features };
        let (mut bytes, mut numbers) = (vec![0; NUMBERS * self.element.size()], vec![0f32; NUMBERS]);
        for first in (0..count).step_by(NUMBERS) {
            let numbers = &mut numbers[..NUMBERS.min(count - first)];
            self.read_floats(first, &mut bytes, numbers)?;
            look(first, numbers)?;
        }
        Ok(())
    }

    /// Whether rows are other than they lie in the file.
    fn is_altered(&self) -> bool {
        self.kept.is_some() || self.fill.is_some()
    }

    /// Reads numbers of the file, the first of which is that one, by way of `bytes`.
    fn read_floats(&self, first: usize, bytes: &mut [u8], into: &mut [f32]) -> Result<(), DataError> {
        let size = self.element.size();
        let bytes = &mut bytes[..into.len() * size];
        self.read(bytes, first as u64 * size as u64)?;
        self.element.widen(bytes, into);
        Ok(())
    }

    /// Fills `bytes` with what lies that far behind the first row.
    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<(), DataError> {
        let read = read_at(&self.file.file, bytes, self.start + offset);
        read.map_err(|source| unpacking_error(&self.file.path, source))
    }

    /// Where a row lies, counted in rows of the file.
    fn place(&self, row: usize) -> u64 {
        match &self.kept {
            Some(kept) => kept[row],
            None => {
                assert!(row < self.rows, "row {row} of {}", self.rows);
                row as u64
            }
        }
    }
}

/// The same rows of the same file.
impl PartialEq for FileRows {
    fn eq(&self, other: &Self) -> bool {
        let place = |rows: &Self| (rows.file.path.clone(), rows.element, rows.start, rows.rows, rows.features);
        place(self) == place(other) && self.kept == other.kept && self.fill == other.fill
    }
}

/// Puts a number for each feature in the place of NaN.
pub(crate) fn fill_in<'a>(row: impl IntoIterator<Item = &'a mut f32>, fill: &[f32]) {
    for (value, &fill) in row.into_iter().zip(fill) {
        if value.is_nan() {
            *value = fill;
        }
    }
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, mut bytes: &mut [u8], mut start: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, start) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                bytes = &mut bytes[count..];
                start += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::element::{ByteOrder, Number};

    /// Rows of two big-endian shorts behind a header of three bytes.
    fn rows() -> FileRows {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[9, 9, 9]).expect("room");
        for number in 0..10i16 {
            file.write_all(&(number - 3).to_be_bytes()).expect("room");
        }
        let element = Element { number: Number::I16, order: ByteOrder::Big };
        FileRows::new(file, Path::new("x"), element, 3, 5, 2)
    }

    fn seen(rows: &FileRows, chosen: &[usize]) -> Vec<Vec<f32>> {
        let mut seen = Vec::new();
        rows.visit(chosen.iter().copied(), |_, row| seen.push(row.floats().collect())).expect("a whole file");
        seen
    }

    #[test]
    fn rows_are_read_where_they_lie_in_any_order() {
        let expected = [[5.0, 6.0], [-3.0, -2.0], [-1.0, 0.0], [-1.0, 0.0]];
        assert_eq!(seen(&rows(), &[4, 0, 1, 1]), expected);
    }

    #[test]
    fn rows_that_are_dropped_or_filled_stay_so() {
        let kept = rows().keep(&[0, 2, 4]).keep(&[1, 2]);
        assert_eq!((kept.rows(), seen(&kept, &[1, 0])), (2, vec![vec![5.0, 6.0], vec![1.0, 2.0]]));
        let mut looked = Vec::new();
        let read = kept.read_all(|_, numbers| {
            looked.extend_from_slice(numbers);
            Ok(())
        });
        assert_eq!(read.expect("a whole file"), InMemory::F32(matrix(vec![1.0, 2.0, 5.0, 6.0], 2)));
        let all = kept.filled(&[0.0, 0.0]).look_at_all(|first, numbers| {
            assert_eq!(numbers, &looked[first..][..2]);
            Ok(())
        });
        all.expect("a whole file");
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error_with_its_name() {
        let rows = rows();
        rows.file.file.set_len(10).expect("ours");
        let error = rows.select(&[4]).expect_err("cut off").to_string();
        assert_eq!(error, "x ends before its content does; the file is cut off, get it again");
        assert!(matches!(rows.read_all(|_, _| Ok(())), Err(DataError::CutOff { .. })));
    }

    #[test]
    fn all_rows_are_read_and_looked_at_in_blocks() {
        let numbers: Vec<f32> = (0..3 * NUMBERS as u32 / 2).map(|number| number as f32).collect();
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>()).expect("room");
        let rows = FileRows::new(file, Path::new("x"), Element::FLOAT, 0, numbers.len() / 3, 3);
        let (mut read, mut looked) = (Vec::new(), Vec::new());
        let values = rows.read_all(|first, numbers| {
            assert_eq!(first, read.len());
            read.extend_from_slice(numbers);
            Ok(())
        });
        assert_eq!(values.expect("a whole file"), InMemory::F32(matrix(numbers.clone(), 3)));
        let all = rows.look_at_all(|_, numbers| {
            looked.extend_from_slice(numbers);
            Ok(())
        });
        all.expect("a whole file");
        assert_eq!((read, looked), (numbers.clone(), numbers));
    }

    #[test]
    fn truth_values_are_0_or_1_whatever_byte_stands_for_them() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(&[0, 1, 7, 255]).expect("room");
        let element = Element { number: Number::Bool, order: ByteOrder::Little };
        let rows = FileRows::new(file, Path::new("x"), element, 0, 2, 2);
        assert_eq!(seen(&rows, &[1, 0]), [[1.0, 1.0], [0.0, 1.0]]);
        let expected = InMemory::U8(matrix(vec![0, 1, 1, 1], 2));
        assert_eq!(rows.read_all(|_, _| Ok(())).expect("a whole file"), expected);
    }
}
