//! Products of matrices on one core, by `gemm`.
//!
//! Candle's own product asks its environment for a number of threads at every call and spreads one product over
//! them. Here the rows of a batch are spread, and each core multiplies on its own.
#![expect(unsafe_code, reason = "`gemm` takes pointers; what they may reach is checked here")]

use std::{cell::RefCell, ops::Range};

use super::write::Write;

/// Numbers seen as `[rows, columns]`.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// As long as its last entry asks for, or longer.
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
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

    /// Numbers in a row.
    pub fn width(self) -> usize {
        self.columns
    }

    /// Numbers from its first entry to its last.
    fn reach(self) -> usize {
        match (self.rows.checked_sub(1), self.columns.checked_sub(1)) {
            (Some(row), Some(column)) => row * self.row_stride + column * self.column_stride + 1,
            _ => 0,
        }
    }
}

/// Writes `a b`, for `a: [m, k]` and `b: [k, n]`, row by row to `into: [m, n]`.
///
/// Where `k` is over 512, how the sum is split depends on the processor's caches; it never depends on what else
/// computes.
///
/// # Panics
/// If the shapes do not fit.
pub(crate) fn product(a: Matrix<'_>, b: Matrix<'_>, into: &mut [f32], how: Write) {
    assert_eq!(into.len(), a.rows * b.columns, "room for the product and no more");
    let is_turned = b.row_stride == 1 && b.column_stride > 1;
    if is_turned && a.rows >= FEWEST_ROWS {
        turned_product(a, b, into, how);
    } else {
        multiply(a, b, into, Order::Rows, how);
    }
}

/// Rows that make it worth while to turn a product.
const FEWEST_ROWS: usize = 16;

thread_local!(static TURNED: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });

/// The same for a `b` that is the transpose of rows. `gemm` would copy all of it to where its vectors can read
/// it, for every block of a batch anew; it copies `a` instead, which is far smaller, if the product comes out column
/// by column.
fn turned_product(a: Matrix<'_>, b: Matrix<'_>, into: &mut [f32], how: Write) {
    TURNED.with_borrow_mut(|turned| {
        turned.resize(into.len(), 0.0);
        multiply(a, b, turned, Order::Columns, Write::Set);
        transpose(turned, a.rows, b.columns, into, how);
    });
}

/// Columns of `[rows, columns]`, one after the other, to rows: by tiles, since a column's neighbours are far away.
fn transpose(from: &[f32], rows: usize, columns: usize, into: &mut [f32], how: Write) {
    const TILE: usize = 16;
    let mut tile = [[0f32; TILE]; TILE];
    for column in (0..columns).step_by(TILE) {
        for row in (0..rows).step_by(TILE) {
            let (width, height) = (TILE.min(columns - column), TILE.min(rows - row));
            for (at, tile) in tile.iter_mut().enumerate().take(width) {
                tile[..height].copy_from_slice(&from[(column + at) * rows + row..][..height]);
            }
            for at in 0..height {
                let into = &mut into[(row + at) * columns + column..][..width];
                into.iter_mut().zip(&tile).for_each(|(into, tile)| how.put(into, tile[at]));
            }
        }
    }
}

/// In which order a product is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Rows,
    Columns,
}

fn multiply(a: Matrix<'_>, b: Matrix<'_>, into: &mut [f32], order: Order, how: Write) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!(k, b.rows, "as many columns on the left as rows on the right");
    assert_eq!(into.len(), m * n, "room for the product and no more");
    assert!(a.reach() <= a.values.len() && b.reach() <= b.values.len(), "operands within their storage");
    let (row_stride, column_stride) = match order {
        Order::Rows => (n, 1),
        Order::Columns => (1, m),
    };
    // SAFETY: by the assertions every entry of the operands and of the result lies within its slice: `a` is read at
    // `i * row_stride + j * column_stride` for `i < m`, `j < k`, at most `reach - 1`; `b` alike; `into` is written
    // once for every `i < m`, `j < n`, at `i * n + j` or `j * m + i`. The result is borrowed mutably, so it overlaps
    // with neither.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            into.as_mut_ptr(),
            column_stride as isize,
            row_stride as isize,
            how == Write::Add,
            a.values.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.values.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Adds a row of numbers to every row of `into`.
pub(crate) fn add_to_rows(row: Matrix<'_>, into: &mut [f32]) {
    let Some(row) = row.row(0) else { return };
    for into in into.chunks_exact_mut(row.len().max(1)) {
        into.iter_mut().zip(row).for_each(|(into, value)| *into += value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::example::noise;

    /// `a b` in 64 bits, added to `into`, and the sum of what is added, signs apart.
    fn expected(a: Matrix<'_>, b: Matrix<'_>, into: &[f32]) -> Vec<(f64, f64)> {
        let at = |matrix: Matrix<'_>, row: usize, column: usize| {
            f64::from(matrix.values[row * matrix.row_stride + column * matrix.column_stride])
        };
        let entry = |index: usize| {
            let (row, column) = (index / b.columns, index % b.columns);
            let terms = (0..a.columns).map(|inner| at(a, row, inner) * at(b, inner, column));
            let terms: Vec<f64> = terms.chain([f64::from(into[index])]).collect();
            (terms.iter().sum(), terms.iter().map(|term| term.abs()).sum())
        };
        (0..into.len()).map(entry).collect()
    }

    #[test]
    fn products_of_all_orientations_are_sums_of_products() {
        for (m, k, n) in [(1, 1, 1), (1, 7, 5), (5, 1, 3), (3, 2, 9), (16, 20, 33), (64, 70, 31), (70, 600, 17)] {
            let (left, right, start) = (noise(m * k, 1), noise(k * n, 2), noise(m * n, 3));
            for a in [Matrix::of_rows(&left, k), Matrix::of_rows(&left, m).t()] {
                for b in [Matrix::of_rows(&right, n), Matrix::of_rows(&right, k).t()] {
                    for how in [Write::Set, Write::Add] {
                        let mut found = start.clone();
                        product(a, b, &mut found, how);
                        let before = if how == Write::Add { start.clone() } else { vec![0.0; m * n] };
                        for (found, (expected, size)) in found.iter().zip(expected(a, b, &before)) {
                            let error = (f64::from(*found) - expected).abs();
                            assert!(error <= 1e-6 * size, "{m} {k} {n}: {found}, not {expected}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_sum_of_no_products_is_zero() {
        let mut found = [7.0; 6];
        product(Matrix::of_rows(&[], 2).t(), Matrix::of_rows(&[], 3), &mut found, Write::Set);
        assert_eq!(found, [0.0; 6]);
    }

    #[test]
    fn a_view_is_no_larger_than_its_numbers() {
        let values: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let lower = Matrix::strided(&values[4..], (4, 2), (1, 4)).expect("eight numbers");
        assert_eq!(lower.row(0), None);
        assert_eq!(lower.t().row(1), Some([8.0, 9.0, 10.0, 11.0].as_slice()));
        assert!(Matrix::strided(&values[4..11], (4, 2), (1, 4)).is_none());
    }
}
