//! Sums over rows and products of rows and factors, for biases, embedding tables and losses of rows.

use std::ops::Range;

use super::{
    matrix::Matrix,
    parallel::{parallel_for_each, rows_per_chunk},
    vectorized::vectorized,
    write::Write,
};

/// Adds a row of values to every row of `into`.
///
/// # Panics
/// If the matrix is not a single contiguous row.
pub(crate) fn add_to_rows(row: Matrix<'_>, into: &mut [f32]) {
    let Some(row) = row.row(0).filter(|_| row.rows == 1) else {
        unreachable!("only a single contiguous row can be added to rows, got {row:?}");
    };
    for into in into.chunks_exact_mut(row.len().max(1)) {
        into.iter_mut().zip(row).for_each(|(into, value)| *into += value);
    }
}

/// Writes the sum of the rows of `dy` to `into`. The length of `into` is the length of a row.
pub(crate) fn sum_rows(dy: &[f32], into: &mut [f32], how: Write) {
    if how == Write::Set {
        into.fill(0.0);
    }
    for row in dy.chunks_exact(into.len().max(1)) {
        into.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

/// Writes the sum over rows of the products of `x` and `dy` to `into`. The length of `into` is the length of a row.
///
/// # Panics
/// If `x` and `dy` differ in length.
pub(crate) fn sum_products(x: &[f32], dy: &[f32], into: &mut [f32], how: Write) {
    assert_eq!(x.len(), dy.len(), "one gradient per value");
    if how == Write::Set {
        into.fill(0.0);
    }
    let width = into.len().max(1);
    for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
        into.iter_mut().zip(x).zip(dy).for_each(|((sum, x), dy)| *sum += x * dy);
    }
}

/// Writes the sum of the rows of `dy` by label: row `i` of `into` is the sum for the label `range.start + i`.
pub(crate) fn sum_rows_by_label(labels: &[u32], dy: &[f32], range: &Range<usize>, into: &mut [f32], how: Write) {
    if how == Write::Set {
        into.fill(0.0);
    }
    let width = into.len() / range.len().max(1);
    for (row, &label) in dy.chunks_exact(width.max(1)).zip(labels) {
        // Labels outside the range are summed by other cores.
        if let Some(index) = (label as usize).checked_sub(range.start).filter(|index| *index < range.len()) {
            into[index * width..(index + 1) * width].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// The transpose of [`sum_rows_by_label`]: row `i` of `into` contains the sums by label of column `range.start + i`
/// of the `width` columns of `dy`.
pub(crate) fn sum_columns_by_label(
    labels: &[u32],
    dy: &[f32],
    width: usize,
    range: &Range<usize>,
    into: &mut [f32],
    how: Write,
) {
    if how == Write::Set {
        into.fill(0.0);
    }
    let classes = into.len() / range.len().max(1);
    for (row, &label) in dy.chunks_exact(width.max(1)).zip(labels) {
        for (sums, value) in into.chunks_exact_mut(classes.max(1)).zip(&row[range.clone()]) {
            sums[label as usize] += value;
        }
    }
}

/// Multiplies each row of `features` values by its own factor.
pub(crate) fn scaled_rows(values: &[f32], factors: &[f32], features: usize) -> Vec<f32> {
    let (width, rows) = (features.max(1), rows_per_chunk(features));
    let mut products = vec![0f32; values.len()];
    let blocks = products.chunks_mut(rows * width).zip(values.chunks(rows * width)).zip(factors.chunks(rows));
    parallel_for_each(rows * width, blocks.collect(), |((products, values), factors)| {
        vectorized(
            #[inline(always)]
            || {
                let rows = products.chunks_exact_mut(width).zip(values.chunks_exact(width));
                for ((products, values), factor) in rows.zip(factors) {
                    for (product, value) in products.iter_mut().zip(values) {
                        *product = factor * value;
                    }
                }
            },
        );
    });
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns_are_summed_by_label() {
        let (labels, dy) = ([2, 0, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let mut all = [7.0; 6];
        sum_rows_by_label(&labels, &dy, &(0..3), &mut all, Write::Set);
        assert_eq!(all, [3.0, 4.0, 0.0, 0.0, 6.0, 8.0]);
        let mut last = [1.0; 2];
        sum_rows_by_label(&labels, &dy, &(2..3), &mut last, Write::Add);
        assert_eq!(last, [7.0, 9.0]);
        let mut columns = [7.0; 6];
        sum_columns_by_label(&labels, &dy, 2, &(0..2), &mut columns, Write::Set);
        assert_eq!(columns, [3.0, 0.0, 6.0, 4.0, 0.0, 8.0]);
        sum_columns_by_label(&labels, &dy, 2, &(1..2), &mut columns[..3], Write::Add);
        assert_eq!(columns[..3], [7.0, 0.0, 14.0]);
    }

    #[test]
    fn a_row_is_added_to_every_row_and_rows_are_summed() {
        let mut rows = [1.0, 2.0, 3.0, 4.0];
        add_to_rows(Matrix::of_rows(&[10.0, 20.0], 2), &mut rows);
        assert_eq!(rows, [11.0, 22.0, 13.0, 24.0]);
        let mut sum = [1.0; 2];
        sum_rows(&rows, &mut sum, Write::Add);
        assert_eq!(sum, [25.0, 47.0]);
    }

    #[test]
    #[should_panic(expected = "only a single contiguous row")]
    fn adding_a_matrix_that_is_not_a_row_panics() {
        add_to_rows(Matrix::of_rows(&[1.0; 4], 2).t(), &mut [0.0; 2]);
    }
}
