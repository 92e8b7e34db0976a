//! Rows of samples: in memory as narrow as they came, or in a file and read as they are needed.

use ndarray::{Array2, Axis, CowArray, Ix2};

use crate::{error::DataError, file_rows::FileRows, in_memory::InMemory, row::Row};

/// Rows of samples, each flattened row-major to one row: `[rows, features]`, in the data's own unit.
#[derive(Clone, Debug)]
pub enum Values {
    /// Bytes, as images come; kept narrow, a quarter of the memory.
    U8(Array2<u8>),
    /// Finite single-precision numbers.
    F32(Array2<f32>),
    /// Rows that stay in a file; none of its numbers is in memory.
    OnDisk(FileRows),
}

impl Values {
    /// The number of samples.
    pub fn rows(&self) -> usize {
        match self {
            Self::U8(values) => values.nrows(),
            Self::F32(values) => values.nrows(),
            Self::OnDisk(rows) => rows.rows(),
        }
    }

    /// The number of values in a sample, the product of its shape.
    pub fn features(&self) -> usize {
        match self {
            Self::U8(values) => values.ncols(),
            Self::F32(values) => values.ncols(),
            Self::OnDisk(rows) => rows.features(),
        }
    }

    /// Whether its rows are bytes; else they are floats.
    pub fn is_bytes(&self) -> bool {
        match self {
            Self::U8(_) => true,
            Self::F32(_) => false,
            Self::OnDisk(rows) => rows.is_bytes(),
        }
    }

    /// Shows `each` the rows with these numbers, in this order, with their place in it. A row may come twice.
    ///
    /// # Errors
    /// [`DataError`] when a file cannot be read any more.
    ///
    /// # Panics
    /// Where a number is not below [`rows`](Self::rows).
    pub fn visit(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, Row<'_>),
    ) -> Result<(), DataError> {
        match self {
            Self::U8(values) => {
                for (place, row) in rows.into_iter().enumerate() {
                    let row = values.row(row);
                    match row.as_slice() {
                        Some(row) => each(place, Row::U8(row)),
                        None => each(place, Row::U8(&row.to_vec())),
                    }
                }
                Ok(())
            }
            Self::F32(values) => {
                for (place, row) in rows.into_iter().enumerate() {
                    let row = values.row(row);
                    match row.as_slice() {
                        Some(row) => each(place, Row::F32(row)),
                        None => each(place, Row::F32(&row.to_vec())),
                    }
                }
                Ok(())
            }
            Self::OnDisk(file) => file.visit(rows, each),
        }
    }

    /// Refuses rows in a file that somebody wrote to since it was opened.
    ///
    /// # Errors
    /// [`DataError::Changed`].
    pub fn check_unchanged(&self) -> Result<(), DataError> {
        match self {
            Self::U8(_) | Self::F32(_) => Ok(()),
            Self::OnDisk(file) => file.check_unchanged(),
        }
    }

    /// The rows with these numbers, in this order, in memory: `[rows.len(), features]`. A row may come twice.
    ///
    /// # Errors
    /// [`DataError`] when a file cannot be read any more.
    ///
    /// # Panics
    /// Where a number is not below [`rows`](Self::rows).
    pub fn select(&self, rows: &[usize]) -> Result<Values, DataError> {
        match self {
            Self::U8(values) => Ok(Self::U8(values.select(Axis(0), rows))),
            Self::F32(values) => Ok(Self::F32(values.select(Axis(0), rows))),
            Self::OnDisk(file) => file.select(rows).map(Self::from),
        }
    }

    /// The same numbers as `f32`, `[rows, features]`: bytes are widened, unscaled, what is `f32` in memory
    /// already is lent, and what is on disk is read.
    ///
    /// # Errors
    /// [`DataError`] when a file cannot be read any more.
    pub fn to_f32(&self) -> Result<CowArray<'_, f32, Ix2>, DataError> {
        match self {
            Self::U8(values) => Ok(values.mapv(f32::from).into()),
            Self::F32(values) => Ok(values.view().into()),
            Self::OnDisk(rows) => match rows.select(&(0..self.rows()).collect::<Vec<_>>())? {
                InMemory::U8(values) => Ok(values.mapv(f32::from).into()),
                InMemory::F32(values) => Ok(values.into()),
            },
        }
    }
}

impl From<InMemory> for Values {
    fn from(values: InMemory) -> Self {
        match values {
            InMemory::U8(values) => Self::U8(values),
            InMemory::F32(values) => Self::F32(values),
        }
    }
}

/// The same kind of numbers in the same rows, wherever they lie.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::U8(one), Self::U8(other)) => one == other,
            (Self::F32(one), Self::F32(other)) => one == other,
            (Self::OnDisk(one), Self::OnDisk(other)) => one == other,
            (Self::U8(_) | Self::F32(_) | Self::OnDisk(_), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn select_takes_rows_in_the_order_asked_for() {
        let values = Values::U8(array![[1, 2], [3, 4], [5, 6]]);
        let expected = Values::U8(array![[5, 6], [1, 2], [5, 6]]);
        assert_eq!(values.select(&[2, 0, 2]).expect("in memory"), expected);
    }

    #[test]
    fn widening_keeps_the_unit() {
        let bytes = Values::U8(array![[0, 255]]);
        assert_eq!(bytes.to_f32().expect("in memory"), array![[0.0, 255.0]]);
        let floats = Values::F32(array![[0.5, -1.0]]);
        assert_eq!(floats.to_f32().expect("in memory"), array![[0.5, -1.0]]);
    }

    #[test]
    fn rows_are_visited_in_their_order_whatever_their_layout() {
        let mirrored = array![[1.0f32, 2.0], [3.0, 4.0]].reversed_axes();
        let mut seen = Vec::new();
        let visited = Values::F32(mirrored).visit([1, 0], |place, row| seen.push((place, row.floats().collect())));
        visited.expect("in memory");
        assert_eq!(seen, [(0, vec![2.0, 4.0]), (1, vec![1.0, 3.0])]);
    }
}
