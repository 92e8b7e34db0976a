//! The maximisation step: the mixture of the largest likelihood for given responsibilities (Bishop 2006, equations 9.24
//! to 9.26).

use nalgebra::DMatrix;
use narrows_bundle::{Covariance, Covariances, Mixture};
use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use super::{
    SamplerError,
    rows::{CHUNK_ROWS, chunks},
};

/// Added to every variance, in units of the variance of the dimension: a component that shrinks to few rows keeps a
/// positive definite covariance. scikit-learn adds the same number.
const RIDGE: f64 = 1e-6;
/// A component with fewer expected rows keeps its mean and covariance.
const MIN_ROWS: f64 = 1e-6;

/// Expected rows, mean and factor of one component. The factor is the lower Cholesky factor, or the log-variances in
/// one row.
struct Component {
    rows: f64,
    mean: Array1<f64>,
    factor: Array2<f64>,
}

/// Computes weights, means and covariances. `responsibilities` are `[rows, components]`.
pub(super) fn maximise(
    rows: &ArrayView2<'_, f64>,
    responsibilities: &Array2<f64>,
    covariance: Covariance,
    previous: Option<&Mixture>,
) -> Result<Mixture, SamplerError> {
    let fit = |component: usize| {
        let weights = responsibilities.column(component);
        let count = weights.sum();
        match previous.filter(|_| count < MIN_ROWS) {
            Some(previous) => Ok(unchanged(previous, component, count)),
            None => fit_component(rows, weights, count, covariance),
        }
    };
    let fitted: Vec<_> = (0..responsibilities.ncols()).into_par_iter().map(fit).collect::<Result<_, _>>()?;
    let total: f64 = fitted.iter().map(|component| component.rows).sum();
    let weights: Array1<f64> = fitted.iter().map(|component| component.rows / total).collect();
    let (components, latent) = (fitted.len(), rows.ncols());
    let means = Array2::from_shape_fn((components, latent), |(component, dimension)| fitted[component].mean[dimension]);
    let covariances = match covariance {
        Covariance::Diagonal => {
            Covariances::Diagonal(Array2::from_shape_fn((components, latent), |(component, at)| {
                fitted[component].factor[[0, at]]
            }))
        }
        Covariance::Full => {
            let value = |(component, row, column)| {
                let component: &Component = &fitted[component];
                component.factor[[row, column]]
            };
            Covariances::Full(Array3::from_shape_fn((components, latent, latent), value))
        }
    };
    Mixture::new(weights, means, covariances).map_err(SamplerError::invalid)
}

fn unchanged(previous: &Mixture, component: usize, rows: f64) -> Component {
    let factor = match previous.covariances() {
        Covariances::Diagonal(log_variances) => log_variances.row(component).insert_axis(Axis(0)).to_owned(),
        Covariances::Full(factors) => factors.index_axis(Axis(0), component).to_owned(),
    };
    Component { rows, mean: previous.means().row(component).to_owned(), factor }
}

fn fit_component(
    rows: &ArrayView2<'_, f64>,
    weights: ArrayView1<'_, f64>,
    count: f64,
    covariance: Covariance,
) -> Result<Component, SamplerError> {
    let latent = rows.ncols();
    // Without any row, which the start can give, the component is at the mean of all codes.
    let divisor = if count < MIN_ROWS { 1.0 } else { count };
    let weighted = || chunks(rows).zip(weights.axis_chunks_iter(Axis(0), CHUNK_ROWS));
    let mut mean = Array1::zeros(latent);
    weighted().for_each(|(rows, weights)| mean += &weights.dot(&rows));
    mean /= divisor;
    let factor = match covariance {
        Covariance::Diagonal => {
            let mut variances = Array1::<f64>::zeros(latent);
            for (rows, weights) in weighted() {
                variances += &weights.dot(&(&rows - &mean).mapv(|difference| difference * difference));
            }
            (variances / divisor).mapv(|variance| (variance + RIDGE).ln()).insert_axis(Axis(0))
        }
        Covariance::Full => {
            let mut products = Array2::<f64>::zeros((latent, latent));
            for (rows, weights) in weighted() {
                let differences = &rows - &mean;
                let scaled = &differences * &weights.insert_axis(Axis(1));
                products += &scaled.t().dot(&differences);
            }
            cholesky(&(products / divisor))?
        }
    };
    Ok(Component { rows: count, mean, factor })
}

/// Returns the lower Cholesky factor of a covariance matrix plus the ridge; more is added where rounding requires it.
fn cholesky(covariance: &Array2<f64>) -> Result<Array2<f64>, SamplerError> {
    let latent = covariance.nrows();
    let mut ridge = RIDGE;
    while ridge < 1.0 {
        let matrix = DMatrix::from_fn(latent, latent, |row, column| {
            let symmetric = 0.5 * (covariance[[row, column]] + covariance[[column, row]]);
            if row == column { symmetric + ridge } else { symmetric }
        });
        if let Some(factor) = matrix.cholesky() {
            let factor = factor.l();
            return Ok(Array2::from_shape_fn((latent, latent), |at| factor[at]));
        }
        ridge *= 10.0;
    }
    Err(SamplerError::Invalid { what: "a covariance matrix is not positive definite".to_owned() })
}
