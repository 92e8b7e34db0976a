//! Principal component analysis: the linear autoencoder whose optimal weights have a closed form.
//!
//! The encoder projects the centred sample on the eigenvectors of the covariance matrix with the largest eigenvalues,
//! and the decoder maps the code back to the sample space. No other linear map to the same number of dimensions has a
//! smaller squared reconstruction error (Eckart and Young 1936). Whitening divides each component by its standard
//! deviation.

use nalgebra::{DMatrix, DVector, SymmetricEigen};
use narrows_bundle::{Moments, Scaling};
use narrows_data::Values;
use ndarray::{Array1, Array2};

use crate::{
    TrainError,
    network::Weights,
    options::{options, takes},
    samples::scaled,
};

options! {
    /// Principal component analysis.
    pub struct PcaOptions in "Model" {
        /// Scale every component of the codes to unit variance (pca) [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub whiten: bool = true,
    }
}

takes! {
    /// The options of a PCA.
    pub(crate) struct PcaTakes { pca: PcaOptions }
}

impl PcaTakes<'_> {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self) -> Pca {
        if self.pca.whiten == Some(true) { Pca::Whitened } else { Pca::Plain }
    }
}

/// Number of rows that are converted to `f64` at a time.
const CHUNK: usize = 4096;

/// Variance of a component, relative to the largest one, below which it is rounding error and cannot be whitened.
const MIN_RELATIVE_VARIANCE: f64 = 1e-10;

/// Principal component analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pca {
    /// Codes in the units of the scaled features.
    Plain,
    /// Codes with unit variance in every component.
    Whitened,
}

/// The closed-form solution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PcaFit {
    /// Weights of the linear encoder and decoder.
    pub weights: Weights,
    /// Fraction of the variance that each component explains, in descending order.
    pub explained_variance_ratio: Vec<f64>,
}

/// The eigenvalues of a scatter matrix in descending order, and its eigenvectors as columns.
struct Decomposition {
    /// Mean of the scaled features.
    mean: DVector<f64>,
    eigenvalues: Vec<f64>,
    vectors: DMatrix<f64>,
    /// Number of rows.
    rows: f64,
}

/// Returns the estimated memory of a fit, in bytes: the scatter or Gram matrix, its eigenvectors and a sorted copy; the
/// rows that are centred at a time, as 32-bit floats and twice in `f64`; and for a Gram matrix the eigenvectors of all
/// features.
pub(crate) fn pca_bytes(rows: usize, features: usize) -> u64 {
    let (wide, size) = (size_of::<f64>() as u64, rows.min(features) as u64);
    let square = size.saturating_mul(size).saturating_mul(3 * wide);
    let (at_a_time, copies) = if rows < features { (rows, 4 * wide) } else { (rows.min(CHUNK), 3 * wide) };
    let rows = (at_a_time as u64).saturating_mul(features as u64).saturating_mul(copies);
    square.saturating_add(rows)
}

impl Pca {
    /// Returns the options that produce these settings.
    pub(crate) fn options(self) -> PcaOptions {
        PcaOptions { whiten: Some(self == Pca::Whitened) }
    }

    /// Fits `components` principal components to the scaled values of the selected rows. All arithmetic is in `f64`, on
    /// one thread.
    ///
    /// There are at most `min(features, rows - 1)` components. With fewer rows than features, the eigenvectors are
    /// computed from the Gram matrix of the rows, which is smaller than the covariance matrix. The sign of each
    /// component is chosen such that its largest entry by absolute value is positive.
    ///
    /// # Errors
    /// [`TrainError::Data`] if the rows are constant or span fewer dimensions than `components`.
    pub(crate) fn fit(
        self,
        values: &Values,
        rows: &[usize],
        scaling: &Scaling,
        components: usize,
    ) -> Result<PcaFit, TrainError> {
        let mean = mean(values, rows, scaling)?;
        let (eigenvalues, vectors) = if rows.len() < mean.len() {
            by_gram(&centred(values, rows, scaling, &mean)?)
        } else {
            by_covariance(values, rows, scaling, &mean)?
        };
        self.solution(Decomposition { mean, eigenvalues, vectors, rows: rows.len() as f64 }, components)
    }

    /// Fits `components` principal components to the scaled values of a data set with these moments. All arithmetic is
    /// in `f64`, on one thread.
    ///
    /// # Errors
    /// Those of [`Pca::fit`].
    pub(crate) fn fit_moments(
        self,
        moments: &Moments,
        scaling: &Scaling,
        components: usize,
    ) -> Result<PcaFit, TrainError> {
        let features = moments.features();
        let at =
            |values: &[f32], feature: usize| f64::from(if values.len() == 1 { values[0] } else { values[feature] });
        let scale = |feature| at(&scaling.scale, feature);
        let mean = DVector::from_fn(features, |feature, _| {
            (moments.mean[feature] - at(&scaling.offset, feature)) / scale(feature)
        });
        let rows = moments.count as f64;
        let scatter = DMatrix::from_fn(features, features, |row, column| {
            rows * moments.covariance[(row, column)] / (scale(row) * scale(column))
        });
        let (eigenvalues, vectors) = sorted_eigen(scatter, usize::MAX);
        self.solution(Decomposition { mean, eigenvalues, vectors, rows }, components)
    }

    /// Returns the weights for the first `components` principal components.
    fn solution(self, decomposition: Decomposition, components: usize) -> Result<PcaFit, TrainError> {
        let Decomposition { mean, eigenvalues, mut vectors, rows } = decomposition;
        let total: f64 = eigenvalues.iter().sum();
        if !total.is_finite() {
            return Err(TrainError::NotFinite { what: "the variance".to_owned(), value: total });
        }
        if total <= 0.0 {
            let what = "all rows are equal, so there is no variance to explain".to_owned();
            return Err(TrainError::Data { part: "training", what });
        }
        if components > vectors.ncols() {
            return Err(TrainError::Data {
                part: "training",
                what: format!(
                    "{components} components are requested, but the rows span only {0} dimensions; pass --latent {0} \
                     or less",
                    vectors.ncols()
                ),
            });
        }
        vectors = vectors.columns(0, components).into_owned();
        for mut vector in vectors.column_iter_mut() {
            let largest = vector.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
            vector *= if largest < 0.0 { -1.0 } else { 1.0 };
        }
        let deviations = self.deviations(&eigenvalues[..components], rows)?;
        let explained_variance_ratio = eigenvalues.iter().take(components).map(|value| value / total).collect();
        Ok(PcaFit { weights: weights(&vectors, &mean, &deviations), explained_variance_ratio })
    }

    /// Returns the divisor of each component: 1, or its standard deviation.
    fn deviations(self, eigenvalues: &[f64], rows: f64) -> Result<Vec<f64>, TrainError> {
        match self {
            Pca::Plain => Ok(vec![1.0; eigenvalues.len()]),
            Pca::Whitened => {
                let largest = eigenvalues.first().copied().unwrap_or(0.0);
                match eigenvalues.iter().position(|&value| value <= MIN_RELATIVE_VARIANCE * largest) {
                    None => Ok(eigenvalues.iter().map(|value| (value / (rows - 1.0)).sqrt()).collect()),
                    Some(flat) => Err(TrainError::Data {
                        part: "training",
                        what: format!("component {flat} has no variance to whiten; pass --latent {flat} or less"),
                    }),
                }
            }
        }
    }
}

/// Returns scaled rows as the columns of a matrix `[features, rows]`, in `f64`.
fn columns(values: &Values, rows: &[usize], scaling: &Scaling) -> Result<DMatrix<f64>, TrainError> {
    let floats = scaled(values, rows, scaling, None)?.flatten_all()?.to_vec1::<f32>()?;
    Ok(DMatrix::from_iterator(values.features(), rows.len(), floats.into_iter().map(f64::from)))
}

fn mean(values: &Values, rows: &[usize], scaling: &Scaling) -> Result<DVector<f64>, TrainError> {
    let mut sum = DVector::zeros(values.features());
    for chunk in rows.chunks(CHUNK) {
        sum += columns(values, chunk, scaling)?.column_sum();
    }
    Ok(sum / rows.len().max(1) as f64)
}

fn centred(
    values: &Values,
    rows: &[usize],
    scaling: &Scaling,
    mean: &DVector<f64>,
) -> Result<DMatrix<f64>, TrainError> {
    let mut columns = columns(values, rows, scaling)?;
    for mut column in columns.column_iter_mut() {
        column -= mean;
    }
    Ok(columns)
}

/// Returns the eigenvalues of the scatter matrix in descending order, and its eigenvectors as columns.
fn by_covariance(
    values: &Values,
    rows: &[usize],
    scaling: &Scaling,
    mean: &DVector<f64>,
) -> Result<(Vec<f64>, DMatrix<f64>), TrainError> {
    let mut scatter = DMatrix::zeros(mean.len(), mean.len());
    for chunk in rows.chunks(CHUNK) {
        let chunk = centred(values, chunk, scaling, mean)?;
        scatter.gemm(1.0, &chunk, &chunk.transpose(), 1.0);
    }
    Ok(sorted_eigen(scatter, usize::MAX))
}

/// Computes the same eigenvalues and eigenvectors from the Gram matrix `X^T X` of the centred rows `X: [features,
/// rows]`: if `X^T X u = lambda u`, then `X u / sqrt(lambda)` is an eigenvector of `X X^T`.
fn by_gram(centred: &DMatrix<f64>) -> (Vec<f64>, DMatrix<f64>) {
    let gram = centred.transpose() * centred;
    // Centring removes one dimension.
    let (eigenvalues, vectors) = sorted_eigen(gram, centred.ncols().saturating_sub(1));
    let largest = eigenvalues.first().copied().unwrap_or(0.0);
    let kept = eigenvalues.iter().take_while(|&&value| value > MIN_RELATIVE_VARIANCE * largest).count();
    let mut directions = centred * vectors.columns(0, kept);
    for (mut direction, value) in directions.column_iter_mut().zip(&eigenvalues) {
        direction /= value.sqrt();
    }
    (eigenvalues[..kept].to_vec(), directions)
}

fn sorted_eigen(matrix: DMatrix<f64>, max_count: usize) -> (Vec<f64>, DMatrix<f64>) {
    let eigen = SymmetricEigen::new(matrix);
    let mut order: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    order.truncate(max_count);
    // Rounding can make an eigenvalue of zero slightly negative. NaN must stay NaN, so this is not `f64::max`.
    let at_least_zero = |value: f64| if value < 0.0 { 0.0 } else { value };
    let values = order.iter().map(|&index| at_least_zero(eigen.eigenvalues[index])).collect();
    (values, eigen.eigenvectors.select_columns(&order))
}

/// Returns `z = (x - mean) V / deviation` and `x = (z * deviation) V^T + mean` as the weights of two dense layers.
fn weights(vectors: &DMatrix<f64>, mean: &DVector<f64>, deviations: &[f64]) -> Weights {
    let (features, components) = vectors.shape();
    let encoder =
        Array2::from_shape_fn((features, components), |(row, column)| vectors[(row, column)] / deviations[column]);
    let decoder =
        Array2::from_shape_fn((components, features), |(row, column)| vectors[(column, row)] * deviations[row]);
    let shift = Array1::from_shape_fn(components, |column| -vectors.column(column).dot(mean) / deviations[column]);
    let mean = Array1::from_iter(mean.iter().copied());
    let narrow = |array: ndarray::ArrayD<f64>| array.mapv(|value| value as f32);
    Weights::from([
        ("encoder.z.weight".to_owned(), narrow(encoder.into_dyn())),
        ("encoder.z.bias".to_owned(), narrow(shift.into_dyn())),
        ("decoder.logits.weight".to_owned(), narrow(decoder.into_dyn())),
        ("decoder.logits.bias".to_owned(), narrow(mean.into_dyn())),
    ])
}
