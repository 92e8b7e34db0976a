//! Principal components of real samples, as features in which samples are compared.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Largest number of features, or else of rows, whose matrix of products is decomposed. 1024 take some seconds.
const MAX_SIDE: usize = 1024;

/// Variance of a component, relative to the largest one, below which it is rounding error.
const MIN_RELATIVE_VARIANCE: f64 = 1e-10;

/// The first principal components of a set of rows.
#[derive(Debug, Clone)]
pub struct Components {
    mean: Array1<f64>,
    /// `[features, components]`, orthonormal columns.
    directions: Array2<f64>,
}

impl Components {
    /// Fits at most `count` components to `rows`, `[rows, features]`. With more than 1024 features, at most the first
    /// 1024 rows are used. Components without variance are left out, so there may be none.
    pub fn fit(rows: ArrayView2<'_, f64>, count: usize) -> Self {
        let mean = rows.mean_axis(Axis(0)).unwrap_or_else(|| Array1::zeros(rows.ncols()));
        let by_features = rows.ncols() <= MAX_SIDE;
        let kept = if by_features { rows.nrows() } else { rows.nrows().min(MAX_SIDE) };
        let centred = &rows.slice_axis(Axis(0), (0..kept).into()) - &mean;
        let products = if by_features { centred.t().dot(&centred) } else { centred.dot(&centred.t()) };
        let side = products.nrows();
        let eigen = SymmetricEigen::new(DMatrix::from_fn(side, side, |row, column| products[[row, column]]));
        let mut order: Vec<usize> = (0..side).collect();
        order.sort_by(|&one, &other| eigen.eigenvalues[other].total_cmp(&eigen.eigenvalues[one]));
        let largest = order.first().map_or(0.0, |&first| eigen.eigenvalues[first]);
        order.retain(|&index| eigen.eigenvalues[index] > MIN_RELATIVE_VARIANCE * largest);
        order.truncate(count);
        let vectors =
            Array2::from_shape_fn((side, order.len()), |(row, column)| eigen.eigenvectors[(row, order[column])]);
        let directions = if by_features {
            vectors
        } else {
            // If X X^T u = lambda u, then X^T u / sqrt(lambda) is an eigenvector of X^T X.
            let mut directions = centred.t().dot(&vectors);
            for (mut direction, &index) in directions.columns_mut().into_iter().zip(&order) {
                direction /= eigen.eigenvalues[index].sqrt();
            }
            directions
        };
        Components { mean, directions }
    }

    /// Returns the number of components.
    pub fn len(&self) -> usize {
        self.directions.ncols()
    }

    /// Returns whether there is no component, because the rows do not vary.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the coordinates of rows, `[rows, components]`.
    pub fn of(&self, rows: ArrayView2<'_, f64>) -> Array2<f64> {
        self.centred(rows).dot(&self.directions)
    }

    /// Returns rows minus the mean of the rows that the components were fitted on, `[rows, features]`.
    pub fn centred(&self, rows: ArrayView2<'_, f64>) -> Array2<f64> {
        &rows - &self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that vary along two directions only.
    fn plane(rows: usize, features: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, features), |(row, column)| {
            let (row, column) = (row as f64, column as f64);
            5.0 + (row * 1.7).sin() * (column * 0.3).cos() + 0.2 * (row * 2.9).cos() * (column * 0.9).sin()
        })
    }

    #[test]
    fn components_span_the_rows_and_keep_their_distances() {
        // More features than rows, fewer features than rows, and more features than are decomposed.
        for (rows, features) in [(20, 30), (60, 10), (12, 1030)] {
            let rows = plane(rows, features);
            let components = Components::fit(rows.view(), 64);
            assert_eq!(components.len(), 2);
            let projected = components.of(rows.view());
            for (one, other) in [(0, 1), (3, 7)] {
                let distance =
                    |rows: &Array2<f64>| (&rows.row(one) - &rows.row(other)).mapv(|value| value * value).sum();
                assert!((distance(&projected) / distance(&rows) - 1.0).abs() < 1e-9);
            }
            assert_eq!(Components::fit(rows.view(), 1).len(), 1);
        }
    }

    #[test]
    fn equal_rows_have_no_component() {
        assert!(Components::fit(Array2::from_elem((5, 3), 2.0).view(), 3).is_empty());
    }
}
