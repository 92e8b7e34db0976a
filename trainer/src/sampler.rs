//! Fits the sampler of a bundle: a Gaussian mixture over the codes of a trained encoder, from which generation samples.
//!
//! A plain autoencoder has no prior, and the codes of a variational one follow its prior only roughly. A mixture that
//! is fitted to the codes after training describes them better (Ghosh et al. 2020, section 4, call it ex-post density
//! estimation).
//!
//! For a decoder that takes a class, one mixture is fitted to the codes of each class: the codes of a class are then
//! distributed as those of its rows, even if codes carry a part of the class.
//!
//! The caller encodes the rows and collects their codes in [`Codes`]; [`fit`] fits the mixtures by expectation
//! maximisation (Dempster et al. 1977; Bishop 2006, section 9.2.2) in `f64`. The same codes and seed give the same bits
//! on any number of cores.
//!
//! The mixture of `linfa-clustering` is not used: it has full covariances only, and takes arrays of an older `ndarray`.

mod codes;
mod error;
mod maximisation;
mod mixture;
mod options;
mod rows;
mod start;
mod unit;

use narrows_bundle::{MixtureDensity, Sampler, SamplerMethod, SamplerRecord};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

pub use codes::Codes;
pub use error::SamplerError;
pub use options::SamplerOptions;

use crate::random::{Stream, stream};
pub(crate) use mixture::{FittedMixture, fit_mixture};
use rows::chunks;

/// A fitted sampler.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FittedSampler {
    /// The mixture, or the mixtures of all classes, in the unit of the codes.
    pub sampler: Sampler,
    /// Its record for the manifest.
    pub record: SamplerRecord,
    /// Number of iterations; for one mixture per class, the largest number of a class.
    pub iterations: usize,
    /// Whether the last iteration improved the log-likelihood by less than 1e-4 nats, within 200 iterations, in the
    /// fits of all classes.
    pub has_converged: bool,
    /// Latent dimensions whose codes are all equal, in ascending order; for one mixture per class, those of any class.
    /// Their variance is set to a small number.
    pub constant_dimensions: Vec<usize>,
}

/// Fits one mixture to all codes. `data` is the name of the data set for the record. `should_stop` is called before
/// each iteration.
///
/// # Errors
/// - [`SamplerError::TooFewRows`] for fewer rows than the covariances need,
/// - [`SamplerError::Constant`] if all codes are equal,
/// - [`SamplerError::Interrupted`] if `should_stop` returned true.
pub fn fit(
    mut codes: Codes,
    data: &str,
    options: SamplerOptions,
    should_stop: &dyn Fn() -> bool,
) -> Result<FittedSampler, SamplerError> {
    let (mut rows, held_out) = (codes.take_fitted(), codes.held_out());
    check_rows([rows.nrows(), held_out.nrows()], rows.ncols(), options)?;
    let mut random = stream(options.seed, Stream::SamplerStart, 0);
    let fitted = fit_mixture(&mut rows, options, &mut random, should_stop)?;
    let density = MixtureDensity::of(&fitted.mixture);
    let log_likelihood = mean_of_chunks(&held_out, |rows| density.log_density(rows).sum());
    let counts = [rows.nrows(), held_out.nrows()];
    let record = record(&codes, data, options, counts, (fitted.mixture.components(), None), log_likelihood)?;
    let FittedMixture { mixture, iterations, has_converged, constant_dimensions } = fitted;
    Ok(FittedSampler { sampler: Sampler::from(mixture), record, iterations, has_converged, constant_dimensions })
}

/// Fits one mixture to the codes of each class, for a decoder that takes a class. The codes are those of
/// [`Codes::of_classes`]; `classes` are the names of the classes in the order of the labels. A class gets fewer
/// components than the options say if it has fewer rows than five times those that the components need. The recorded
/// log-likelihood is the mean of `ln p(z|y)` over the held-out codes of all classes.
///
/// # Errors
/// - [`SamplerError::NoClass`] for codes without classes, or with a class that has no name,
/// - [`SamplerError::TooFewRows`] for fewer rows than one component of every class needs,
/// - [`SamplerError::Class`] for a class that has too few rows for one component or whose codes are all equal,
/// - [`SamplerError::Interrupted`] if `should_stop` returned true.
pub fn fit_classes(
    mut codes: Codes,
    data: &str,
    classes: &[String],
    options: SamplerOptions,
    should_stop: &dyn Fn() -> bool,
) -> Result<FittedSampler, SamplerError> {
    let rows = codes.take_fitted();
    let held_out = codes.held_out();
    let [fitted_classes, held_out_classes] = codes.classes().ok_or(SamplerError::NoClass { row: 0 })?;
    let latent = rows.ncols();
    let is_unknown = |&class: &u32| class as usize >= classes.len();
    if let Some(row) = fitted_classes.iter().chain(held_out_classes).position(is_unknown) {
        return Err(SamplerError::NoClass { row });
    }
    check_rows([rows.nrows(), held_out.nrows()], latent, SamplerOptions { components: classes.len(), ..options })?;
    let mut fits = Vec::new();
    let mut log_likelihood = 0.0;
    for (class, name) in classes.iter().enumerate() {
        let mut of_class = rows_of(&rows.view(), fitted_classes, class);
        let options = options.for_class(of_class.nrows(), latent);
        // The held-out rows of a small class can all be of other classes.
        check_rows([of_class.nrows(), 1], latent, options).map_err(|error| error.of_class(name))?;
        let mut random = stream(options.seed, Stream::SamplerStart, class as u64);
        let fitted = fit_mixture(&mut of_class, options, &mut random, should_stop);
        let fitted = fitted.map_err(|error| error.of_class(name))?;
        let density = MixtureDensity::of(&fitted.mixture);
        let of_class_held_out = rows_of(&held_out, held_out_classes, class);
        log_likelihood += sum_of_chunks(&of_class_held_out.view(), |rows| density.log_density(rows).sum());
        fits.push((fitted, of_class.nrows()));
    }
    let counts = [rows.nrows(), held_out.nrows()];
    let (fits, counts_of_classes): (Vec<FittedMixture>, Vec<usize>) = fits.into_iter().unzip();
    let components: Vec<usize> = fits.iter().map(|fit| fit.mixture.components()).collect();
    let described = (components.iter().sum(), Some(components));
    let record = record(&codes, data, options, counts, described, log_likelihood / held_out.nrows() as f64)?;
    let iterations = fits.iter().map(|fit| fit.iterations).max().unwrap_or(0);
    let has_converged = fits.iter().all(|fit| fit.has_converged);
    let mut constant_dimensions: Vec<usize> = fits.iter().flat_map(|fit| fit.constant_dimensions.clone()).collect();
    constant_dimensions.sort_unstable();
    constant_dimensions.dedup();
    let mixtures: Vec<_> = fits.into_iter().map(|fit| fit.mixture).collect();
    let sampler = Sampler::of_classes(&mixtures, &counts_of_classes).map_err(SamplerError::invalid)?;
    Ok(FittedSampler { sampler, record, iterations, has_converged, constant_dimensions })
}

/// Checks the numbers of fitted and held-out rows.
fn check_rows([rows, held_out]: [usize; 2], latent: usize, options: SamplerOptions) -> Result<(), SamplerError> {
    let needed = options.needed_rows(latent);
    if rows >= needed && held_out > 0 {
        return Ok(());
    }
    Err(SamplerError::TooFewRows {
        found: rows + held_out,
        needed: Codes::rows_to_collect(needed),
        components: options.components,
        covariance: options.covariance,
    })
}

/// Copies the rows of a class, `[rows, latent]`.
fn rows_of(rows: &ArrayView2<'_, f64>, classes: &[u32], class: usize) -> Array2<f64> {
    let members: Vec<usize> = (0..classes.len()).filter(|&row| classes[row] as usize == class).collect();
    rows.select(Axis(0), &members)
}

/// Returns the record of a fit. `rows` are the numbers of fitted and held-out rows, and `components` that of all
/// components and those of each class.
fn record(
    codes: &Codes,
    data: &str,
    options: SamplerOptions,
    rows: [usize; 2],
    components: (usize, Option<Vec<usize>>),
    log_likelihood: f64,
) -> Result<SamplerRecord, SamplerError> {
    let held_out = codes.held_out();
    let constant = held_out.ncols() as f64 * (2.0 * std::f64::consts::PI).ln();
    let standard_normal_log_likelihood =
        mean_of_chunks(&held_out, |rows| rows.outer_iter().map(|row| -0.5 * (row.dot(&row) + constant)).sum());
    if !log_likelihood.is_finite() || !standard_normal_log_likelihood.is_finite() {
        return Err(SamplerError::Invalid {
            what: "the log-likelihood of the held-out codes is not finite".to_owned(),
        });
    }
    Ok(SamplerRecord {
        method: SamplerMethod::ExpectationMaximisation,
        components: components.0,
        class_components: components.1,
        covariance: options.covariance,
        data: data.to_owned(),
        fingerprint: codes.fingerprint(),
        rows: rows[0],
        held_out_rows: rows[1],
        seed: options.seed,
        log_likelihood,
        standard_normal_log_likelihood,
    })
}

/// Returns the mean over all rows of a sum that is computed for a few rows at a time.
fn mean_of_chunks(rows: &ArrayView2<'_, f64>, sum: impl Fn(&ArrayView2<'_, f64>) -> f64 + Sync) -> f64 {
    sum_of_chunks(rows, sum) / rows.nrows() as f64
}

/// Returns the sum over all rows of a sum that is computed for a few rows at a time.
fn sum_of_chunks(rows: &ArrayView2<'_, f64>, sum: impl Fn(&ArrayView2<'_, f64>) -> f64 + Sync) -> f64 {
    let sums: Vec<f64> = chunks(rows).collect::<Vec<_>>().par_iter().map(&sum).collect();
    sums.iter().sum()
}

#[cfg(test)]
mod tests;
