//! Arrays in column-major order, which NumPy writes for transposed arrays: the values of a feature are contiguous,
//! those of a sample are not. Blocks of rows are gathered from all features.

use std::{fs::File, path::PathBuf};

use ndarray::{Axis, Slice};

use crate::{
    array::Array, array_precision::ArrayPrecision, check::check_from, chunk::Chunk, error::DataError, head::Head,
    in_memory::matrix, read_at::read_at, reader::Reader, reading::Missing, unpack::unpacking_error, values::Values,
};

/// The size in memory in bytes of a block of gathered rows, rounded up to one row.
const BLOCK_BYTES: usize = 16 << 20;

/// The number of features that are written to each row together: a cache miss per row costs more than copying a value.
const FEATURES_AT_ONCE: usize = 16;

/// Reads the rows of a column-major array in a file.
pub(super) struct FortranRows {
    path: PathBuf,
    file: File,
    /// The byte offset of the first value.
    start: u64,
    array: Array,
    head: Head,
    precision: Option<ArrayPrecision>,
    missing: Missing,
    /// The gathered rows.
    block: Values,
    /// The row of the array that is the first of `block`.
    first: usize,
    /// The next row to return.
    next: usize,
}

impl FortranRows {
    /// Creates a reader. The caller has checked the array against the length of the file.
    pub(super) fn new(
        path: PathBuf,
        file: File,
        start: u64,
        array: Array,
        missing: Missing,
    ) -> Result<Self, DataError> {
        let head = array.head(&path)?;
        let block = Values::U8(ndarray::Array2::zeros((0, 0)));
        let precision = ArrayPrecision::of(&path, &head, array.element);
        Ok(FortranRows { path, file, start, array, head, precision, missing, block, first: 0, next: 0 })
    }

    /// Gathers a block of rows, starting with the next row.
    fn gather(&mut self) -> Result<(), DataError> {
        let (rows, features, element) = (self.array.rows(), self.array.features(), self.array.element);
        let width = features.saturating_mul(if element.is_byte() { 1 } else { size_of::<f32>() });
        let count = (BLOCK_BYTES / width.max(1)).max(1).min(rows - self.next);
        let mut bytes = vec![0; count * element.size()];
        let mut precision = self.precision.take();
        self.block = if element.is_byte() {
            let block = self.transpose(count, |this, feature, into: &mut [u8]| {
                this.read_feature(feature, into)?;
                element.normalise_bools(into);
                Ok(())
            })?;
            Values::U8(matrix(block, features))
        } else {
            let block = self.transpose(count, |this, feature, into: &mut [f32]| {
                this.read_feature(feature, &mut bytes)?;
                element.widen(&bytes, into);
                if let Some(precision) = &mut precision {
                    precision.add_feature(feature, &bytes, into);
                }
                Ok(())
            })?;
            Values::F32(matrix(block, features))
        };
        if let Some(precision) = &precision {
            self.head.notes = precision.notes();
        }
        self.precision = precision;
        self.first = self.next;
        check_from(&self.path, self.first, &self.block, None, self.missing)
    }

    /// Returns `count` rows in row-major order, starting with the next row. `read` reads one feature of these rows.
    fn transpose<T: Copy + Default>(
        &self,
        count: usize,
        mut read: impl FnMut(&Self, usize, &mut [T]) -> Result<(), DataError>,
    ) -> Result<Vec<T>, DataError> {
        let features = self.array.features();
        let mut block = vec![T::default(); count * features];
        let mut columns = vec![T::default(); count * FEATURES_AT_ONCE.min(features)];
        for start in (0..features).step_by(FEATURES_AT_ONCE) {
            let end = features.min(start + FEATURES_AT_ONCE);
            for (feature, column) in (start..end).zip(columns.chunks_exact_mut(count)) {
                read(self, feature, column)?;
            }
            for (row, into) in block.chunks_exact_mut(features).enumerate() {
                for (into, column) in into[start..end].iter_mut().zip(columns.chunks_exact(count)) {
                    *into = column[row];
                }
            }
        }
        Ok(block)
    }

    /// Reads the values of a feature, starting with the next row. `feature` is its index in row-major order.
    fn read_feature(&self, feature: usize, bytes: &mut [u8]) -> Result<(), DataError> {
        let column = column_major(feature, &self.head.sample_shape) as u64;
        let number = column * self.array.rows() as u64 + self.next as u64;
        let read = read_at(&self.file, bytes, self.start + number * self.array.element.size() as u64);
        read.map_err(|error| unpacking_error(&self.path, error))
    }
}

impl Reader for FortranRows {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        if self.next == self.array.rows() || max_rows == 0 {
            return Ok(None);
        }
        if self.next == self.first + self.block.rows() {
            self.gather()?;
        }
        let start = self.next - self.first;
        let end = self.block.rows().min(start.saturating_add(max_rows));
        let range = Slice::from(start..end);
        let values = match &self.block {
            Values::U8(block) => Values::U8(block.slice_axis(Axis(0), range).to_owned()),
            Values::F32(block) => Values::F32(block.slice_axis(Axis(0), range).to_owned()),
            rows @ (Values::OnDisk(_) | Values::Windows(_)) => rows.select(&(start..end).collect::<Vec<_>>())?,
        };
        self.next = self.first + end;
        Ok(Some(Chunk { values, labels: None, others: None, recorded: None }))
    }
}

/// Converts an index in row-major order to the index in column-major order.
fn column_major(index: usize, shape: &[usize]) -> usize {
    let mut sizes_before: usize = shape.iter().product();
    let (mut rest, mut converted) = (index, 0);
    for &size in shape.iter().rev() {
        sizes_before /= size;
        converted += rest % size * sizes_before;
        rest /= size;
    }
    converted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_converted_from_row_major_to_column_major() {
        let of =
            |shape: &[usize]| (0..shape.iter().product()).map(|index| column_major(index, shape)).collect::<Vec<_>>();
        assert_eq!(of(&[4]), [0, 1, 2, 3]);
        assert_eq!(of(&[2, 3]), [0, 2, 4, 1, 3, 5]);
        assert_eq!(of(&[2, 1, 2]), [0, 2, 1, 3]);
    }
}
