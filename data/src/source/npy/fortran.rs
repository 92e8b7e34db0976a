//! Arrays in column-major order, as NumPy keeps what was transposed: the numbers of a feature lie side by side,
//! those of a sample far apart. Some rows at a time are gathered from all features.

use std::{fs::File, path::PathBuf};

use ndarray::{Axis, Slice};

use crate::{
    array::Array, check::check_from, chunk::Chunk, error::DataError, file_rows::read_at, head::Head, in_memory::matrix,
    reader::Reader, reading::Missing, unpack::unpacking_error, values::Values,
};

/// Bytes in memory of the rows that are gathered at a time, and at least one row.
const BLOCK: usize = 16 << 20;

/// Features that are written to the rows together, since a row's place in memory costs more than a number.
const TOGETHER: usize = 16;

/// Goes through the rows of an array that lies in a file column by column.
pub(super) struct FortranRows {
    path: PathBuf,
    file: File,
    /// Where the first number lies.
    start: u64,
    array: Array,
    head: Head,
    missing: Missing,
    /// Rows that were gathered, the first of which is that row of the array.
    block: Values,
    first: usize,
    /// The first row that was not given out.
    next: usize,
}

impl FortranRows {
    /// The caller has compared the array with the file's length.
    pub(super) fn new(
        path: PathBuf,
        file: File,
        start: u64,
        array: Array,
        missing: Missing,
    ) -> Result<Self, DataError> {
        let head = array.head(&path)?;
        let block = Values::U8(ndarray::Array2::zeros((0, 0)));
        Ok(FortranRows { path, file, start, array, head, missing, block, first: 0, next: 0 })
    }

    /// Gathers rows from the next one on.
    fn gather(&mut self) -> Result<(), DataError> {
        let (rows, features, element) = (self.array.rows(), self.array.features(), self.array.element);
        let width = features.saturating_mul(if element.is_byte() { 1 } else { size_of::<f32>() });
        let count = (BLOCK / width.max(1)).max(1).min(rows - self.next);
        let mut runs = vec![0; count * element.size()];
        self.block = if element.is_byte() {
            let block = self.transposed(count, |this, feature, into: &mut [u8]| {
                this.read_run(feature, into)?;
                element.settle(into);
                Ok(())
            })?;
            Values::U8(matrix(block, features))
        } else {
            let block = self.transposed(count, |this, feature, into: &mut [f32]| {
                this.read_run(feature, &mut runs)?;
                element.widen(&runs, into);
                Ok(())
            })?;
            Values::F32(matrix(block, features))
        };
        self.first = self.next;
        check_from(&self.path, self.first, &self.block, None, self.missing)
    }

    /// `count` rows from the next one on, whose features `run` reads one by one.
    fn transposed<T: Copy + Default>(
        &self,
        count: usize,
        mut run: impl FnMut(&Self, usize, &mut [T]) -> Result<(), DataError>,
    ) -> Result<Vec<T>, DataError> {
        let features = self.array.features();
        let mut block = vec![T::default(); count * features];
        let mut runs = vec![T::default(); count * TOGETHER.min(features)];
        for begin in (0..features).step_by(TOGETHER) {
            let end = features.min(begin + TOGETHER);
            for (feature, run_of) in (begin..end).zip(runs.chunks_exact_mut(count)) {
                run(self, feature, run_of)?;
            }
            for (row, into) in block.chunks_exact_mut(features).enumerate() {
                for (into, run_of) in into[begin..end].iter_mut().zip(runs.chunks_exact(count)) {
                    *into = run_of[row];
                }
            }
        }
        Ok(block)
    }

    /// Reads what a feature, counted row-major, has in the rows from the next one on.
    fn read_run(&self, feature: usize, bytes: &mut [u8]) -> Result<(), DataError> {
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

    fn next(&mut self, most: usize) -> Result<Option<Chunk>, DataError> {
        if self.next == self.array.rows() || most == 0 {
            return Ok(None);
        }
        if self.next == self.first + self.block.rows() {
            self.gather()?;
        }
        let begin = self.next - self.first;
        let end = self.block.rows().min(begin.saturating_add(most));
        let range = Slice::from(begin..end);
        let values = match &self.block {
            Values::U8(block) => Values::U8(block.slice_axis(Axis(0), range).to_owned()),
            Values::F32(block) => Values::F32(block.slice_axis(Axis(0), range).to_owned()),
            Values::OnDisk(rows) => rows.select(&(begin..end).collect::<Vec<_>>())?.into(),
        };
        self.next = self.first + end;
        Ok(Some(Chunk { values, labels: None, others: None }))
    }
}

/// The place in column-major order of what is at that place in row-major order.
fn column_major(place: usize, shape: &[usize]) -> usize {
    let mut sizes_before: usize = shape.iter().product();
    let (mut rest, mut found) = (place, 0);
    for &size in shape.iter().rev() {
        sizes_before /= size;
        found += rest % size * sizes_before;
        rest /= size;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_turned_from_row_major_to_column_major() {
        let of =
            |shape: &[usize]| (0..shape.iter().product()).map(|place| column_major(place, shape)).collect::<Vec<_>>();
        assert_eq!(of(&[4]), [0, 1, 2, 3]);
        assert_eq!(of(&[2, 3]), [0, 2, 4, 1, 3, 5]);
        assert_eq!(of(&[2, 1, 2]), [0, 2, 1, 3]);
    }
}
