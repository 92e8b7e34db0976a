//! Sums over rows and rows times factors: what a bias, a table of rows and the loss of a row need.

use std::ops::Range;

use super::{
    matrix::Matrix,
    spread::{rows_each, spread},
    vectorized::vectorized,
    write::Write,
};

/// Adds a row of numbers to every row of `into`.
///
/// # Panics
/// If the matrix is no single row of numbers that lie next to each other, or `into` has no whole rows.
pub(crate) fn add_to_rows(row: Matrix<'_>, into: &mut [f32]) {
    let Some(row) = row.row(0).filter(|_| row.rows == 1) else {
        unreachable!("a row of numbers next to each other is added to rows, not {row:?}");
    };
    for into in into.chunks_exact_mut(row.len().max(1)) {
        into.iter_mut().zip(row).for_each(|(into, value)| *into += value);
    }
}

/// Writes the sum of the rows of `dy`, each as wide as `into`.
pub(crate) fn sum_rows(dy: &[f32], into: &mut [f32], how: Write) {
    if how == Write::Set {
        into.fill(0.0);
    }
    for row in dy.chunks_exact(into.len().max(1)) {
        into.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

/// Writes for each label of a range the sum of the rows of `dy` that have it, a row a label.
pub(crate) fn sum_rows_by_label(labels: &[u32], dy: &[f32], range: &Range<usize>, into: &mut [f32], how: Write) {
    if how == Write::Set {
        into.fill(0.0);
    }
    let width = into.len() / range.len().max(1);
    for (row, &label) in dy.chunks_exact(width.max(1)).zip(labels) {
        // Other cores take the other labels.
        if let Some(at) = (label as usize).checked_sub(range.start).filter(|at| *at < range.len()) {
            into[at * width..(at + 1) * width].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// The transpose of the same: for each column of a range of the `width` columns of `dy` its sums by label, a row a
/// column.
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

/// Rows of `features` numbers, each times its own factor.
pub(crate) fn scaled_rows(values: &[f32], factors: &[f32], features: usize) -> Vec<f32> {
    let (width, rows) = (features.max(1), rows_each(features));
    let mut products = vec![0f32; values.len()];
    let blocks = products.chunks_mut(rows * width).zip(values.chunks(rows * width)).zip(factors.chunks(rows));
    spread(rows * width, blocks.collect(), |((products, values), factors)| {
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
    fn sums_by_label_are_those_of_the_rows_that_have_it_and_their_transpose() {
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
    fn a_row_is_added_to_every_row_and_every_row_to_one() {
        let mut rows = [1.0, 2.0, 3.0, 4.0];
        add_to_rows(Matrix::of_rows(&[10.0, 20.0], 2), &mut rows);
        assert_eq!(rows, [11.0, 22.0, 13.0, 24.0]);
        let mut sum = [1.0; 2];
        sum_rows(&rows, &mut sum, Write::Add);
        assert_eq!(sum, [25.0, 47.0]);
    }

    #[test]
    #[should_panic(expected = "next to each other")]
    fn what_is_no_row_is_not_silently_left_out() {
        add_to_rows(Matrix::of_rows(&[1.0; 4], 2).t(), &mut [0.0; 2]);
    }
}
