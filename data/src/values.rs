//! Rows of samples: in memory as bytes or floats, in a file and read on demand, or windows of a recording.

use ndarray::{Array2, Axis, CowArray, Ix2};

use crate::{error::DataError, file_rows::FileRows, in_memory::InMemory, row::Row, windows::rows::WindowRows};

/// Samples, each flattened in row-major order: `[rows, features]`, in the unit of the data.
#[derive(Clone, Debug)]
pub enum Values {
    /// Bytes, for example images. They need a quarter of the memory of `f32`.
    U8(Array2<u8>),
    /// Single-precision floats, finite unless loading kept missing values as NaN.
    F32(Array2<f32>),
    /// Rows that stay in a file. No value is in memory.
    OnDisk(FileRows),
    /// Windows of a recording, each gathered when it is visited.
    Windows(WindowRows),
}

impl Values {
    /// The number of samples.
    pub fn rows(&self) -> usize {
        match self {
            Self::U8(values) => values.nrows(),
            Self::F32(values) => values.nrows(),
            Self::OnDisk(rows) => rows.rows(),
            Self::Windows(windows) => windows.rows(),
        }
    }

    /// The number of values in a sample: the product of its shape.
    pub fn features(&self) -> usize {
        match self {
            Self::U8(values) => values.ncols(),
            Self::F32(values) => values.ncols(),
            Self::OnDisk(rows) => rows.features(),
            Self::Windows(windows) => windows.features(),
        }
    }

    /// Whether the rows are bytes. Otherwise they are floats.
    pub fn is_bytes(&self) -> bool {
        match self {
            Self::U8(_) => true,
            Self::F32(_) => false,
            Self::OnDisk(rows) => rows.is_bytes(),
            Self::Windows(windows) => windows.is_bytes(),
        }
    }

    /// Calls `each` with the position in `rows` and the values of each given row, in the given order. Rows may repeat.
    ///
    /// # Errors
    /// [`DataError`] if the rows are in a file that can no longer be read.
    ///
    /// # Panics
    /// If an index is not below [`rows`](Self::rows).
    pub fn visit(
        &self,
        rows: impl IntoIterator<Item = usize>,
        mut each: impl FnMut(usize, Row<'_>),
    ) -> Result<(), DataError> {
        match self {
            Self::U8(values) => {
                for (position, row) in rows.into_iter().enumerate() {
                    let row = values.row(row);
                    match row.as_slice() {
                        Some(row) => each(position, Row::U8(row)),
                        None => each(position, Row::U8(&row.to_vec())),
                    }
                }
                Ok(())
            }
            Self::F32(values) => {
                for (position, row) in rows.into_iter().enumerate() {
                    let row = values.row(row);
                    match row.as_slice() {
                        Some(row) => each(position, Row::F32(row)),
                        None => each(position, Row::F32(&row.to_vec())),
                    }
                }
                Ok(())
            }
            Self::OnDisk(file) => file.visit(rows, each),
            Self::Windows(windows) => windows.visit(rows, each),
        }
    }

    /// Announces that the given rows are visited soon. Rows in a file are then read in the background; other rows are
    /// in memory already.
    ///
    /// # Panics
    /// If an index is not below [`rows`](Self::rows).
    pub fn read_ahead(&self, rows: &[usize]) {
        match self {
            Self::OnDisk(file) => file.read_ahead(rows),
            Self::U8(_) | Self::F32(_) | Self::Windows(_) => {}
        }
    }

    /// Checks that the rows are not in a file that was modified since it was opened.
    ///
    /// # Errors
    /// [`DataError::Changed`] if it was.
    pub fn check_unchanged(&self) -> Result<(), DataError> {
        match self {
            Self::U8(_) | Self::F32(_) => Ok(()),
            Self::OnDisk(file) => file.check_unchanged(),
            Self::Windows(windows) => windows.check_unchanged(),
        }
    }

    /// Returns the given rows in memory, in the given order: `[rows.len(), features]`. Rows may repeat.
    ///
    /// # Errors
    /// [`DataError`] if the rows are in a file that can no longer be read.
    ///
    /// # Panics
    /// If an index is not below [`rows`](Self::rows).
    pub fn select(&self, rows: &[usize]) -> Result<Values, DataError> {
        match self {
            Self::U8(values) => Ok(Self::U8(values.select(Axis(0), rows))),
            Self::F32(values) => Ok(Self::F32(values.select(Axis(0), rows))),
            Self::OnDisk(file) => file.select(rows).map(Self::from),
            Self::Windows(windows) => windows.select(rows).map(Self::from),
        }
    }

    /// Returns the given rows, in ascending order and each once, as values of the same form: rows in a file stay there,
    /// and windows stay windows of the same recording.
    ///
    /// # Panics
    /// If an index is not below [`rows`](Self::rows).
    pub fn keep(&self, rows: &[usize]) -> Values {
        match self {
            Self::U8(values) => Self::U8(values.select(Axis(0), rows)),
            Self::F32(values) => Self::F32(values.select(Axis(0), rows)),
            Self::OnDisk(file) => Self::OnDisk(file.clone().keep(rows)),
            Self::Windows(windows) => Self::Windows(windows.keep(rows)),
        }
    }

    /// Returns the values as `f32`, `[rows, features]`. Bytes are converted without scaling, floats in memory are
    /// borrowed, rows on disk are read, and windows are gathered.
    ///
    /// # Errors
    /// [`DataError`] if the rows are in a file that can no longer be read.
    pub fn to_f32(&self) -> Result<CowArray<'_, f32, Ix2>, DataError> {
        match self {
            Self::U8(values) => Ok(values.mapv(f32::from).into()),
            Self::F32(values) => Ok(values.view().into()),
            Self::OnDisk(rows) => Ok(floats(rows.select(&self.all_rows())?)),
            Self::Windows(windows) => Ok(floats(windows.select(&self.all_rows())?)),
        }
    }

    /// Whether the rows, or the recording of windows, stay in a file.
    pub fn is_on_disk(&self) -> bool {
        match self {
            Self::U8(_) | Self::F32(_) => false,
            Self::OnDisk(_) => true,
            Self::Windows(windows) => windows.is_on_disk(),
        }
    }

    /// Returns the windows, if the rows are windows of a recording.
    pub fn windows(&self) -> Option<&WindowRows> {
        match self {
            Self::U8(_) | Self::F32(_) | Self::OnDisk(_) => None,
            Self::Windows(windows) => Some(windows),
        }
    }

    fn all_rows(&self) -> Vec<usize> {
        (0..self.rows()).collect()
    }
}

fn floats<'a>(values: InMemory) -> CowArray<'a, f32, Ix2> {
    match values {
        InMemory::U8(values) => values.mapv(f32::from).into(),
        InMemory::F32(values) => values.into(),
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

/// Equal if they have the same variant and equal contents. Rows on disk are equal if they are the same rows of the same
/// file.
impl PartialEq for Values {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::U8(one), Self::U8(other)) => one == other,
            (Self::F32(one), Self::F32(other)) => one == other,
            (Self::OnDisk(one), Self::OnDisk(other)) => one == other,
            (Self::Windows(one), Self::Windows(other)) => one == other,
            (Self::U8(_) | Self::F32(_) | Self::OnDisk(_) | Self::Windows(_), _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn select_returns_rows_in_the_given_order() {
        let values = Values::U8(array![[1, 2], [3, 4], [5, 6]]);
        let expected = Values::U8(array![[5, 6], [1, 2], [5, 6]]);
        assert_eq!(values.select(&[2, 0, 2]).expect("in memory"), expected);
    }

    #[test]
    fn conversion_to_f32_does_not_scale() {
        let bytes = Values::U8(array![[0, 255]]);
        assert_eq!(bytes.to_f32().expect("in memory"), array![[0.0, 255.0]]);
        let floats = Values::F32(array![[0.5, -1.0]]);
        assert_eq!(floats.to_f32().expect("in memory"), array![[0.5, -1.0]]);
    }

    #[test]
    fn rows_are_visited_in_the_given_order_for_every_memory_layout() {
        let transposed = array![[1.0f32, 2.0], [3.0, 4.0]].reversed_axes();
        let mut seen = Vec::new();
        let visited =
            Values::F32(transposed).visit([1, 0], |position, row| seen.push((position, row.floats().collect())));
        visited.expect("in memory");
        assert_eq!(seen, [(0, vec![2.0, 4.0]), (1, vec![1.0, 3.0])]);
    }
}
