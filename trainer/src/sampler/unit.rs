//! The unit of the codes, from which the fit does not depend.

use narrows_bundle::{Covariances, Mixture};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::SamplerError;

/// Mean and standard deviation of each dimension. The mixture is fitted to standardised codes, so that the start and
/// the smallest variance do not depend on the unit of a dimension.
pub(super) struct Unit {
    mean: Array1<f64>,
    deviation: Array1<f64>,
    pub(super) constant_dimensions: Vec<usize>,
}

impl Unit {
    pub(super) fn of(rows: &ArrayView2<'_, f64>) -> Self {
        let count = rows.nrows() as f64;
        let mean = rows.sum_axis(Axis(0)) / count;
        let mut variance = Array1::zeros(rows.ncols());
        for row in rows.outer_iter() {
            variance += &(&row - &mean).mapv(|difference| difference * difference);
        }
        let deviation: Array1<f64> = variance.mapv(|sum: f64| (sum / count).sqrt());
        // Rounding of the mean leaves a tiny deviation even where all values are equal.
        let is_constant = |(deviation, mean): (&f64, &f64)| *deviation <= 1e-12 * mean.abs().max(1e-100);
        let constant_dimensions: Vec<usize> =
            deviation.iter().zip(&mean).enumerate().filter(|(_, pair)| is_constant(*pair)).map(|(at, _)| at).collect();
        let mut deviation = deviation;
        constant_dimensions.iter().for_each(|&at| deviation[at] = 1.0);
        Unit { mean, deviation, constant_dimensions }
    }

    pub(super) fn apply(&self, rows: &mut Array2<f64>) {
        rows.outer_iter_mut().for_each(|mut row| {
            row -= &self.mean;
            row /= &self.deviation;
        });
    }

    /// Converts a mixture over standardised codes to one over codes.
    pub(super) fn restore(&self, mixture: &Mixture) -> Result<Mixture, SamplerError> {
        let means = mixture.means() * &self.deviation + &self.mean;
        let covariances = match mixture.covariances() {
            Covariances::Diagonal(log_variances) => {
                Covariances::Diagonal(log_variances + &self.deviation.mapv(|deviation| 2.0 * deviation.ln()))
            }
            Covariances::Full(factors) => {
                let deviations = self.deviation.view().insert_axis(Axis(1));
                Covariances::Full(factors * &deviations)
            }
        };
        Mixture::new(mixture.weights().clone(), means, covariances).map_err(SamplerError::invalid)
    }
}
