//! A matrix over numbers that lie elsewhere.

use std::ops::Range;

/// Numbers seen as `[rows, columns]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// As long as its last entry asks for, or longer.
    pub(super) values: &'a [f32],
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) row_stride: usize,
    pub(super) column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows of `columns` numbers, one after the other.
    ///
    /// # Panics
    /// If the last row is not whole.
    pub fn of_rows(values: &'a [f32], columns: usize) -> Self {
        let rows = values.len().checked_div(columns).unwrap_or(0);
        assert_eq!(rows * columns, values.len(), "whole rows");
        Matrix { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Entries that lie these distances apart, from the first number on; `None`, if there are fewer numbers.
    pub fn strided(
        values: &'a [f32],
        (rows, columns): (usize, usize),
        (row_stride, column_stride): (usize, usize),
    ) -> Option<Self> {
        let matrix = Matrix { values, rows, columns, row_stride, column_stride };
        (matrix.reach() <= values.len()).then_some(matrix)
    }

    /// The transpose.
    pub fn t(self) -> Self {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    /// Some of its rows.
    ///
    /// # Panics
    /// If it has fewer.
    pub fn rows(self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.rows, "rows that are there");
        let start = if range.is_empty() { 0 } else { range.start * self.row_stride };
        Matrix { values: &self.values[start..], rows: range.len(), ..self }
    }

    /// One row, if its numbers lie next to each other.
    pub fn row(self, row: usize) -> Option<&'a [f32]> {
        let start = row * self.row_stride;
        (row < self.rows && self.column_stride == 1).then(|| &self.values[start..start + self.columns])
    }

    /// Copies one row.
    ///
    /// # Panics
    /// If there is no such row, or `into` has another width.
    pub fn copy_row(self, row: usize, into: &mut [f32]) {
        assert!(row < self.rows && into.len() == self.columns, "a row that is there, and room for it");
        match self.row(row) {
            Some(numbers) => into.copy_from_slice(numbers),
            None => {
                for (column, into) in into.iter_mut().enumerate() {
                    *into = self.values[row * self.row_stride + column * self.column_stride];
                }
            }
        }
    }

    /// Numbers in a row.
    pub fn width(self) -> usize {
        self.columns
    }

    /// Numbers from its first entry to its last.
    pub(super) fn reach(self) -> usize {
        match (self.rows.checked_sub(1), self.columns.checked_sub(1)) {
            (Some(row), Some(column)) => row * self.row_stride + column * self.column_stride + 1,
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_no_larger_than_its_numbers() {
        let values: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let lower = Matrix::strided(&values[4..], (4, 2), (1, 4)).expect("eight numbers");
        assert_eq!(lower.row(0), None);
        let mut third = [0.0; 2];
        lower.copy_row(2, &mut third);
        assert_eq!(third, [6.0, 10.0]);
        assert_eq!(lower.t().row(1), Some([8.0, 9.0, 10.0, 11.0].as_slice()));
        assert!(Matrix::strided(&values[4..11], (4, 2), (1, 4)).is_none());
    }
}
