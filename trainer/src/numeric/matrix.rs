//! A matrix view of a slice.

use std::ops::Range;

/// A strided view of a slice as a matrix `[rows, columns]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// At least as long as the extent of the matrix.
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Creates a row-major matrix with `columns` values per row.
    ///
    /// # Panics
    /// If the length of `values` is not a multiple of `columns`.
    pub fn of_rows(values: &'a [f32], columns: usize) -> Self {
        let rows = values.len().checked_div(columns).unwrap_or(0);
        assert_eq!(rows * columns, values.len(), "the number of values is a multiple of the number of columns");
        Matrix { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Creates a matrix with these strides that starts at the first value. Returns `None` if `values` is too short.
    pub fn strided(
        values: &'a [f32],
        (rows, columns): (usize, usize),
        (row_stride, column_stride): (usize, usize),
    ) -> Option<Self> {
        let matrix = Matrix { values, rows, columns, row_stride, column_stride };
        (matrix.extent() <= values.len()).then_some(matrix)
    }

    /// Returns the transpose.
    pub fn t(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Returns a range of rows.
    ///
    /// # Panics
    /// If the range exceeds the number of rows.
    pub fn rows(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows, "the range of rows is within the matrix");
        let start = if range.is_empty() { 0 } else { range.start * self.row_stride };
        Matrix { values: &self.values[start..], rows: range.len(), ..self }
    }

    /// Returns a row as a slice; `None` if its values are not contiguous or the row does not exist.
    pub fn row(self, row: usize) -> Option<&'a [f32]> {
        let start = row * self.row_stride;
        (row < self.rows && self.column_stride == 1).then(|| &self.values[start..start + self.columns])
    }

    /// Copies a row to `into`.
    ///
    /// # Panics
    /// If the row does not exist, or the length of `into` is not the number of columns.
    pub fn copy_row(self, row: usize, into: &mut [f32]) {
        assert!(row < self.rows && into.len() == self.columns, "the row exists and `into` has its length");
        match self.row(row) {
            Some(values) => into.copy_from_slice(values),
            None => {
                for (column, into) in into.iter_mut().enumerate() {
                    *into = self.values[row * self.row_stride + column * self.column_stride];
                }
            }
        }
    }

    /// Returns the number of columns.
    pub fn width(self) -> usize {
        self.columns
    }

    /// Returns the number of values that the matrix spans in its slice, from its first entry to its last. It is
    /// `usize::MAX`, more than any slice has, if the number is too large.
    pub(super) fn extent(self) -> usize {
        let offset = |index: usize, stride: usize| index.saturating_mul(stride);
        match (self.rows.checked_sub(1), self.columns.checked_sub(1)) {
            (Some(row), Some(column)) => {
                offset(row, self.row_stride).saturating_add(offset(column, self.column_stride)).saturating_add(1)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strided_view_fits_its_slice() {
        let values: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let lower = Matrix::strided(&values[4..], (4, 2), (1, 4)).expect("eight values");
        assert_eq!(lower.row(0), None);
        let mut third = [0.0; 2];
        lower.copy_row(2, &mut third);
        assert_eq!(third, [6.0, 10.0]);
        assert_eq!(lower.t().row(1), Some([8.0, 9.0, 10.0, 11.0].as_slice()));
        assert!(Matrix::strided(&values[4..11], (4, 2), (1, 4)).is_none());
    }

    #[test]
    fn a_view_whose_extent_exceeds_the_integers_fits_no_slice() {
        let values = [0.0; 12];
        // In wrapping arithmetic the extents would be 2, 1 and 12.
        let half = usize::MAX / 2 + 1;
        for (shape, strides) in [((3, 2), (half, 1)), ((2, 2), (half, half)), ((2, 12), (usize::MAX, 1))] {
            assert!(Matrix::strided(&values, shape, strides).is_none(), "{shape:?} with strides {strides:?}");
        }
    }
}
