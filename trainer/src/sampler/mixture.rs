//! The fit of one mixture by expectation maximisation.

use narrows_bundle::{Covariance, Mixture, MixtureDensity};
use narrows_crew::available_memory;
use ndarray::{Array2, ArrayView2, Axis};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{
    SamplerError, SamplerOptions,
    maximisation::maximise,
    rows::{CHUNK_ROWS, chunks},
    start::nearest_start,
    unit::Unit,
};

/// Largest number of iterations.
const MAX_ITERATIONS: usize = 200;
/// The fit ends when an iteration improves the mean log-likelihood by less than this many nats.
const TOLERANCE: f64 = 1e-4;

/// A fitted mixture.
pub(crate) struct FittedMixture {
    /// The mixture, in the unit of the codes.
    pub(crate) mixture: Mixture,
    pub(super) iterations: usize,
    pub(super) has_converged: bool,
    pub(super) constant_dimensions: Vec<usize>,
}

/// Fits a mixture to `rows`, `[rows, latent]`, which are standardised in place.
pub(crate) fn fit_mixture(
    rows: &mut Array2<f64>,
    options: SamplerOptions,
    random: &mut ChaCha8Rng,
    should_stop: &dyn Fn() -> bool,
) -> Result<FittedMixture, SamplerError> {
    let SamplerOptions { components, covariance, seed: _ } = options;
    let unit = Unit::of(&rows.view());
    if unit.constant_dimensions.len() == rows.ncols() {
        return Err(SamplerError::Constant { rows: rows.nrows() });
    }
    check_memory(rows.dim(), options, available_memory())?;
    unit.apply(rows);
    let start = nearest_start(&rows.view(), components, random, should_stop)?;
    let mut mixture = maximise(&rows.view(), &start, covariance, None)?;
    drop(start);
    let (mut iterations, mut has_converged, mut previous) = (0, false, f64::NEG_INFINITY);
    while iterations < MAX_ITERATIONS && !has_converged {
        if should_stop() {
            return Err(SamplerError::Interrupted);
        }
        let (responsibilities, log_likelihood) = expect(&rows.view(), &mixture);
        has_converged = (log_likelihood - previous).abs() < TOLERANCE;
        previous = log_likelihood;
        mixture = maximise(&rows.view(), &responsibilities, covariance, Some(&mixture))?;
        iterations += 1;
    }
    let mixture = unit.restore(&mixture)?;
    Ok(FittedMixture { mixture, iterations, has_converged, constant_dimensions: unit.constant_dimensions })
}

/// Checks that the fit to codes of these dimensions, `[rows, latent]`, needs at most `available` bytes: for the
/// responsibilities of two iterations, and for the covariance matrices with their factors and those of the iteration
/// before.
fn check_memory(
    (rows, latent): (usize, usize),
    SamplerOptions { components, covariance, seed: _ }: SamplerOptions,
    available: Option<u64>,
) -> Result<(), SamplerError> {
    let values_per_component = match covariance {
        Covariance::Full => (latent as u64).saturating_mul(latent as u64),
        Covariance::Diagonal => latent as u64,
    };
    let per_component = (2 * rows as u64).saturating_add(values_per_component.saturating_mul(4));
    let needed = per_component.saturating_mul(components as u64).saturating_mul(size_of::<f64>() as u64);
    match available.filter(|&available| needed > available) {
        Some(available) => Err(SamplerError::FitMemory { rows, components, needed, available }),
        None => Ok(()),
    }
}

/// Returns the posterior probabilities of the components, `[rows, components]` (Bishop 2006, equation 9.23), and the
/// mean log-likelihood of the rows.
fn expect(rows: &ArrayView2<'_, f64>, mixture: &Mixture) -> (Array2<f64>, f64) {
    let density = MixtureDensity::of(mixture);
    let mut responsibilities = Array2::zeros((rows.nrows(), mixture.components()));
    let parts: Vec<_> =
        chunks(rows).zip(responsibilities.axis_chunks_iter_mut(Axis(0), CHUNK_ROWS)).collect::<Vec<_>>();
    let sums: Vec<f64> = parts
        .into_par_iter()
        .map(|(rows, mut responsibilities)| {
            responsibilities.assign(&density.components(&rows));
            let mut sum = 0.0;
            for mut row in responsibilities.outer_iter_mut() {
                let total = narrows_bundle::log_sum_exp(row.iter().copied());
                row.mapv_inplace(|value| (value - total).exp());
                sum += total;
            }
            sum
        })
        .collect();
    (responsibilities, sums.iter().sum::<f64>() / rows.nrows() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_responsibilities_than_memory_are_refused_with_both_figures() {
        let options = SamplerOptions { components: 1000, covariance: Covariance::Diagonal, seed: 0 };
        let check = |available| check_memory((10_000_000, 20), options, available);
        // 2 x 10^7 rows and 4 x 20 values per component, of 8 bytes.
        let needed = 8 * 1000 * (20_000_000 + 80);
        assert!(check(None).is_ok() && check(Some(needed)).is_ok());
        let message = check(Some(16_000_000_000)).expect_err("a tenth of what it needs").to_string();
        assert_eq!(
            message,
            "a mixture of 1000 components on 10000000 codes needs about 160.0 GB, and 16.0 GB of memory are available; \
             use fewer --components or fewer rows"
        );
    }
}
