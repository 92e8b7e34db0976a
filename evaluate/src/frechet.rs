//! Fréchet distance between two sets of vectors, each described by a normal distribution.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, ArrayView2, Axis};

/// Returns the squared Fréchet distance between the normal distributions with the means and the sample covariances of
/// two sets of vectors, `[rows, width]` each:
///
/// `|m1 - m2|^2 + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2))`
///
/// (Dowson & Landau 1982; Heusel et al. 2017 compute it on features of an Inception network and call it FID). It is in
/// squared units of the vectors. `None` for fewer than two rows, different widths, or vectors without any values.
pub fn frechet_distance(one: ArrayView2<'_, f64>, other: ArrayView2<'_, f64>) -> Option<f64> {
    if one.nrows() < 2 || other.nrows() < 2 || one.ncols() != other.ncols() || one.ncols() == 0 {
        return None;
    }
    let ((mean_one, one), (mean_other, other)) = (moments(one)?, moments(other)?);
    let means: f64 = mean_one.iter().zip(&mean_other).map(|(one, other)| (one - other).powi(2)).sum();
    let root = square_root(one.clone());
    let product = &root * &other * &root;
    // Rounding can make an eigenvalue of zero slightly negative. NaN must stay NaN.
    let at_least_zero = |value: f64| if value < 0.0 { 0.0 } else { value };
    let mixed: f64 = SymmetricEigen::new(product).eigenvalues.iter().map(|&value| at_least_zero(value).sqrt()).sum();
    Some(at_least_zero(means + one.trace() + other.trace() - 2.0 * mixed))
}

/// Returns the mean and the sample covariance.
fn moments(rows: ArrayView2<'_, f64>) -> Option<(Array1<f64>, DMatrix<f64>)> {
    let mean = rows.mean_axis(Axis(0))?;
    let centred = &rows - &mean;
    let covariance = centred.t().dot(&centred) / (rows.nrows() - 1) as f64;
    let width = rows.ncols();
    Some((mean, DMatrix::from_fn(width, width, |row, column| covariance[[row, column]])))
}

/// Returns the symmetric square root of a matrix without negative eigenvalues.
fn square_root(matrix: DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(matrix);
    let roots = eigen.eigenvalues.map(|value| if value < 0.0 { 0.0 } else { value.sqrt() });
    let scaled = &eigen.eigenvectors * DMatrix::from_diagonal(&roots);
    scaled * eigen.eigenvectors.transpose()
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    #[test]
    fn a_set_has_no_distance_to_itself_and_a_shift_adds_its_squared_length() {
        let set = Array2::from_shape_fn((50, 3), |(row, column)| ((row * (column + 3)) as f64).sin());
        let distance = |other: &Array2<f64>| frechet_distance(set.view(), other.view()).expect("50 rows");
        assert!(distance(&set) < 1e-9);
        assert!((distance(&(&set + &array![3.0, 0.0, -4.0])) - 25.0).abs() < 1e-9);
        // A set that is twice as wide: tr(C + 4C - 2 * 2C) = tr(C), and its mean is twice as far from zero.
        let doubled = &set * 2.0;
        let mean = set.mean_axis(Axis(0)).expect("50 rows");
        let expected = set.var_axis(Axis(0), 1.0).sum() + mean.dot(&mean);
        assert!((distance(&doubled) - expected).abs() < 1e-9);
    }

    #[test]
    fn sets_of_one_row_of_different_widths_or_of_no_values_have_no_distance() {
        let (one, two) = (Array2::zeros((1, 2)), Array2::zeros((3, 2)));
        assert_eq!(frechet_distance(one.view(), two.view()), None);
        assert_eq!(frechet_distance(two.view(), Array2::zeros((3, 1)).view()), None);
        let empty = Array2::zeros((3, 0));
        assert_eq!(frechet_distance(empty.view(), empty.view()), None);
    }
}
