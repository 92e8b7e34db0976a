//! Whitening: a linear map after which the fitted vectors have about unit covariance.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{
    DetectorError, Rows,
    chunk::{Chunk, Unit, sum_of_chunks},
};
use crate::onnx::Call;

/// Largest number of dimensions with a complete covariance matrix. Above it, dimensions are treated as independent: a
/// matrix of 1024 dimensions is 4 MiB in the graph.
pub(super) const MAX_DIMENSIONS: usize = 1024;

/// Smallest eigenvalue or variance, as a fraction of the mean one, so that the inverse exists.
const FLOOR: f64 = 1e-6;

/// Smallest eigenvalue or variance, as a fraction of the variance of the samples. Below it, residuals are rounding
/// errors of the networks.
const ROUNDING: f64 = 1e-8;

/// `(v - mean) matrix`, with a symmetric matrix, so that each result belongs to one dimension (ZCA whitening: Kessy,
/// Lewin & Strimmer 2018).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Whitening {
    mean: Array1<f64>,
    map: Map,
}

#[derive(Debug, Clone, PartialEq)]
enum Map {
    /// The inverse square root of the covariance matrix, `[dimensions, dimensions]`.
    Full(Array2<f64>),
    /// The inverse standard deviations, `[dimensions]`.
    Diagonal(Array1<f64>),
}

impl Whitening {
    /// Fits the map to the vectors of all rows; `vectors` returns those of a chunk, `[rows, dimensions]`.
    ///
    /// The covariance matrix is shrunk towards a multiple of the identity matrix (oracle approximating shrinkage: Chen,
    /// Wiesel, Eldar & Hero 2010, equation 23), so that it has an inverse for any number of rows.
    pub(super) fn fit(
        rows: &Rows,
        unit: Unit<'_>,
        should_stop: &dyn Fn() -> bool,
        vectors: impl Fn(&Chunk<'_>) -> Array2<f64> + Sync,
    ) -> Result<Self, DetectorError> {
        let count = rows.count() as f64;
        let rounding = ROUNDING * mean_variance(rows, unit, should_stop)?;
        let sum = |each: &(dyn Fn(&Chunk<'_>) -> Array1<f64> + Sync)| {
            Ok::<_, DetectorError>(sum_of_chunks(rows, unit, should_stop, each)?.unwrap_or_default())
        };
        let mean = sum(&|chunk| vectors(chunk).sum_axis(Axis(0)))? / count;
        let centred = |chunk: &Chunk<'_>| vectors(chunk) - &mean;
        let map = if mean.len() <= MAX_DIMENSIONS {
            let products = sum_of_chunks(rows, unit, should_stop, |chunk| {
                let centred = centred(chunk);
                centred.t().dot(&centred)
            })?;
            Map::Full(inverse_root(&shrunk(products.unwrap_or_default() / count, count), rounding))
        } else {
            let squares = sum(&|chunk| centred(chunk).mapv(|value| value * value).sum_axis(Axis(0)))?;
            let variances = squares / count;
            let floor = smallest(variances.mean().unwrap_or(0.0), rounding);
            Map::Diagonal(variances.mapv(|variance| 1.0 / variance.max(floor).sqrt()))
        };
        // The graph has these values as 32-bit floats.
        let rounded = |value: f64| f64::from(value as f32);
        let map = match map {
            Map::Full(matrix) => Map::Full(matrix.mapv(rounded)),
            Map::Diagonal(factors) => Map::Diagonal(factors.mapv(rounded)),
        };
        Ok(Whitening { mean: mean.mapv(rounded), map })
    }

    /// Applies the map to vectors `[rows, dimensions]`.
    pub(super) fn apply(&self, vectors: &ArrayView2<'_, f64>) -> Array2<f64> {
        let centred = vectors - &self.mean;
        match &self.map {
            Map::Full(matrix) => centred.dot(matrix),
            Map::Diagonal(factors) => centred * factors,
        }
    }

    /// Adds the map of a value `[batch, dimensions]` to a graph and returns the name of its result.
    pub(super) fn add_to(&self, call: &mut Call<'_>, value: &str) -> String {
        let dimensions = self.mean.len();
        let mean = call.floats("mean", &[dimensions], &floats(&self.mean));
        let centred = call.node("Sub", &[value.to_owned(), mean]);
        match &self.map {
            Map::Full(matrix) => {
                let matrix = call.floats("matrix", &[dimensions, dimensions], &floats(matrix));
                call.node("MatMul", &[centred, matrix])
            }
            Map::Diagonal(factors) => {
                let factors = call.floats("factors", &[dimensions], &floats(factors));
                call.node("Mul", &[centred, factors])
            }
        }
    }
}

/// Returns values as 32-bit floats, in row-major order.
pub(super) fn floats<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<f32> {
    values.into_iter().map(|&value| value as f32).collect()
}

/// Returns the smallest variance for a mean variance and the one of rounding errors.
fn smallest(mean: f64, rounding: f64) -> f64 {
    let floor = (FLOOR * mean).max(rounding);
    if floor > 0.0 { floor } else { 1.0 }
}

/// Returns the variance of the samples in scaled units, as the mean over the features.
fn mean_variance(rows: &Rows, unit: Unit<'_>, should_stop: &dyn Fn() -> bool) -> Result<f64, DetectorError> {
    let sums = |map: fn(f64) -> f64| {
        let of_chunk = |chunk: &Chunk<'_>| chunk.targets.mapv(map).sum_axis(Axis(0));
        Ok::<_, DetectorError>(sum_of_chunks(rows, unit, should_stop, of_chunk)?.unwrap_or_default())
    };
    let count = rows.count() as f64;
    let (means, squares) = (sums(|value| value)? / count, sums(|value| value * value)? / count);
    Ok((squares - &means * &means).mapv(|variance| variance.max(0.0)).mean().unwrap_or(0.0))
}

/// Shrinks a covariance matrix of `count` rows towards a multiple of the identity matrix.
fn shrunk(covariance: Array2<f64>, count: f64) -> Array2<f64> {
    let dimensions = covariance.nrows() as f64;
    let mean = covariance.diag().sum() / dimensions;
    let mean_square = covariance.iter().map(|value| value * value).sum::<f64>() / (dimensions * dimensions);
    let denominator = (count + 1.0) * (mean_square - mean * mean / dimensions);
    let shrinkage = if denominator > 0.0 { ((mean_square + mean * mean) / denominator).min(1.0) } else { 1.0 };
    let mut shrunk = covariance * (1.0 - shrinkage);
    shrunk.diag_mut().mapv_inplace(|value| value + shrinkage * mean);
    shrunk
}

/// Returns the symmetric inverse square root of a covariance matrix. `rounding` is the variance of rounding errors.
fn inverse_root(covariance: &Array2<f64>, rounding: f64) -> Array2<f64> {
    let size = covariance.nrows();
    let matrix = DMatrix::from_iterator(size, size, covariance.iter().copied());
    let SymmetricEigen { eigenvectors, eigenvalues } = SymmetricEigen::new(matrix);
    let floor = smallest(eigenvalues.mean(), rounding);
    let mut scaled = eigenvectors.clone();
    for (mut vector, eigenvalue) in scaled.column_iter_mut().zip(&eigenvalues) {
        vector *= eigenvalue.max(floor).sqrt().recip();
    }
    let root = scaled * eigenvectors.transpose();
    Array2::from_shape_fn((size, size), |(row, column)| 0.5 * (root[(row, column)] + root[(column, row)]))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_inverse_root_whitens_and_is_symmetric() {
        let covariance = array![[4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 1.0]];
        let root = inverse_root(&covariance, 0.0);
        let product = root.dot(&covariance).dot(&root);
        for ((row, column), value) in product.indexed_iter() {
            let expected = if row == column { 1.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-10, "{product:?}");
        }
        assert_eq!(root, root.t());
    }

    #[test]
    fn the_shrinkage_is_that_of_its_formula_and_keeps_the_trace() {
        let covariance = array![[4.0, 1.0], [1.0, 2.0]];
        let shrunk = shrunk(covariance.clone(), 10.0);
        let shrinkage = 1.0 - shrunk[[0, 1]];
        let (mean_square, mean) = ((16.0 + 1.0 + 1.0 + 4.0) / 4.0, 3.0_f64);
        let expected = (mean_square + mean.powi(2)) / (11.0 * (mean_square - mean.powi(2) / 2.0));
        assert!((shrinkage - expected.min(1.0)).abs() < 1e-12);
        assert!((shrunk.diag().sum() - 6.0).abs() < 1e-12);
    }

    #[test]
    fn constant_vectors_are_mapped_to_finite_values() {
        let root = inverse_root(&shrunk(Array2::zeros((3, 3)), 5.0), 0.0);
        assert!(root.iter().all(|value| value.is_finite()));
    }
}
