//! Correlations between the columns of real and of generated rows.

use ndarray::{Array2, ArrayView2, Axis};

use crate::moments::Moments;

/// Pearson correlations of the columns that vary in the real and in the generated rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlations {
    /// Indices of the columns that vary, in ascending order.
    pub columns: Vec<usize>,
    /// Correlations of the real rows, `[columns, columns]` in the order of `columns`.
    pub real: Array2<f64>,
    /// Correlations of the generated rows, in the same order.
    pub generated: Array2<f64>,
}

impl Correlations {
    /// Computes the correlations of two sets of rows, `[rows, features]` each. A column that is constant in one of the
    /// sets, or has values that are not finite, has no correlations and is left out. `None` if the sets have different
    /// columns.
    ///
    /// The correlation of two columns is `sum (x - mx)(y - my) / sqrt(sum (x - mx)^2 sum (y - my)^2)` (Pearson 1895).
    /// Holds both sets as 64-bit numbers, and two numbers for each pair of columns.
    pub fn of(real: ArrayView2<'_, f32>, generated: ArrayView2<'_, f32>) -> Option<Self> {
        if real.ncols() != generated.ncols() {
            return None;
        }
        let (real_moments, generated_moments) = (moments(real), moments(generated));
        let varies = |moments: &Moments| moments.squares() > 0.0 && moments.squares().is_finite();
        let varying = |&column: &usize| varies(&real_moments[column]) && varies(&generated_moments[column]);
        let columns: Vec<usize> = (0..real.ncols()).filter(varying).collect();
        let (real, generated) =
            (matrix(real, &real_moments, &columns), matrix(generated, &generated_moments, &columns));
        Some(Correlations { columns, real, generated })
    }

    /// Returns the difference of the correlations, generated minus real.
    pub fn difference(&self) -> Array2<f64> {
        &self.generated - &self.real
    }

    /// Returns the mean absolute difference of the correlations over all pairs of different columns. It is 0 for the
    /// same correlations, and at most 2. `None` for fewer than two columns.
    pub fn mean_absolute_difference(&self) -> Option<f64> {
        let width = self.columns.len();
        let sum: f64 = self.difference().iter().map(|difference| difference.abs()).sum();
        // The diagonals are equal.
        (width > 1).then(|| sum / (width * (width - 1)) as f64)
    }
}

fn moments(rows: ArrayView2<'_, f32>) -> Vec<Moments> {
    rows.columns().into_iter().map(|column| column.iter().map(|&value| f64::from(value)).collect()).collect()
}

/// Returns the correlations of some columns.
fn matrix(rows: ArrayView2<'_, f32>, moments: &[Moments], columns: &[usize]) -> Array2<f64> {
    let mut standardised = rows.select(Axis(1), columns).mapv(f64::from);
    for (mut values, &column) in standardised.columns_mut().into_iter().zip(columns) {
        let (mean, norm) = (moments[column].mean(), moments[column].squares().sqrt());
        values.mapv_inplace(|value| (value - mean) / norm);
    }
    let mut matrix = standardised.t().dot(&standardised);
    // Rounding may give a little more than 1.
    matrix.mapv_inplace(|value| value.clamp(-1.0, 1.0));
    matrix.diag_mut().fill(1.0);
    matrix
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn constant_columns_are_absent_and_pairs_have_their_correlation() {
        let real = array![[1.0_f32, 5.0, 2.0, 0.0], [2.0, 5.0, 4.0, 1.0], [3.0, 5.0, 6.0, 0.0]];
        let generated = array![[1.0_f32, 1.0, -2.0, 0.0], [2.0, 2.0, -4.0, 1.0], [3.0, 3.0, -6.0, 0.0]];
        let found = Correlations::of(real.view(), generated.view()).expect("the same columns");
        assert_eq!(found.columns, [0, 2, 3]);
        let near = |one: &Array2<f64>, other: Array2<f64>| (one - &other).iter().all(|d| d.abs() < 1e-12);
        assert!(near(&found.real, array![[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), "{found:?}");
        assert!(near(&found.generated, array![[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), "{found:?}");
        // One of three pairs differs, by 2.
        assert!(found.mean_absolute_difference().is_some_and(|mean| (mean - 2.0 / 3.0).abs() < 1e-12));
    }

    #[test]
    fn nothing_varies_or_differs_without_rows_or_columns() {
        let found = Correlations::of(Array2::zeros((4, 2)).view(), Array2::zeros((0, 2)).view()).expect("two columns");
        assert!(found.columns.is_empty() && found.mean_absolute_difference().is_none());
        assert!(Correlations::of(Array2::zeros((4, 2)).view(), Array2::zeros((4, 3)).view()).is_none());
        let broken = array![[1.0_f32, 1.0], [2.0, f32::NAN], [f32::INFINITY, 3.0]];
        let found = Correlations::of(broken.view(), broken.view()).expect("two columns");
        assert!(found.columns.is_empty());
    }
}
