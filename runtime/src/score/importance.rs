//! Likelihood estimates by importance sampling from the posterior (Burda et al. 2016, equation 8), and the Monte Carlo
//! estimate of a KL divergence that has no closed form.

use ndarray::{Array2, ArrayView1, ArrayViewMut1, Axis};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{measure::Measure, weights::LogWeights};
use crate::{
    Autoencoder, CodeDistribution, Codes, Error, Posterior,
    random::{Stream, generator, seed_of_row},
};

/// Half of `ln(2 pi)`.
const HALF_LOG_2_PI: f64 = 0.918_938_533_204_672_8;

/// Latent samples per row for the KL divergence to a prior without closed form, if fewer are requested.
pub(super) const KL_SAMPLES: usize = 64;

/// The inputs of the estimates.
#[derive(Debug)]
pub(super) struct ImportanceSampler<'a> {
    pub(super) model: &'a Autoencoder,
    pub(super) measure: &'a Measure,
    pub(super) posterior: &'a Posterior,
    pub(super) prior: &'a CodeDistribution,
    /// Labels, for a decoder that takes them.
    pub(super) labels: Option<&'a [i64]>,
    /// Latent samples per row.
    pub(super) count: usize,
    pub(super) seed: u64,
}

/// The estimates, one value per row.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    /// `1/K sum_k ln p(x|z_k)`.
    pub(super) mean_log_likelihood: Vec<f64>,
    /// `ln 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)`.
    pub(super) log_likelihood: Vec<f64>,
    /// Standard error of `log_likelihood`.
    pub(super) standard_error: Vec<f64>,
    /// `1/K sum_k ln q(z_k|x) - ln p(z_k)`.
    pub(super) kl: Vec<f64>,
}

/// State of one row during the sampling.
struct Row<'a> {
    /// Index among the samples.
    index: usize,
    target: ArrayView1<'a, f64>,
    noise: ChaCha8Rng,
    log_likelihood_sum: f64,
    log_ratio_sum: f64,
    weights: LogWeights,
}

impl ImportanceSampler<'_> {
    /// Adds the estimates for `targets`, which are the samples from row `start` on. At most `block` codes are decoded
    /// at a time: all codes of some rows, or some codes of one row.
    pub(super) fn add_to(
        &self,
        estimates: &mut Estimates,
        targets: &Array2<f64>,
        start: usize,
        block: usize,
    ) -> Result<(), Error> {
        let (group_rows, batch_samples) = ((block / self.count).max(1), self.count.min(block));
        for (group, targets) in targets.axis_chunks_iter(Axis(0), group_rows).enumerate() {
            let first = start + group * group_rows;
            let row = |(row, target): (usize, _)| Row::new(first + row, target, self.seed);
            let mut rows: Vec<Row<'_>> = targets.into_outer_iter().enumerate().map(row).collect();
            let mut remaining = self.count;
            while remaining > 0 {
                self.model.bounds().check_cancelled(0, rows.len())?;
                let count = remaining.min(batch_samples);
                self.sample(&mut rows, count)?;
                remaining -= count;
            }
            for row in rows {
                estimates.mean_log_likelihood.push(row.log_likelihood_sum / self.count as f64);
                estimates.log_likelihood.push(row.weights.log_mean());
                estimates.standard_error.push(row.weights.standard_error());
                estimates.kl.push(-row.log_ratio_sum / self.count as f64);
            }
        }
        Ok(())
    }

    /// Replaces the KL divergences of `targets`, which are the samples from row `start` on, by estimates with
    /// [`KL_SAMPLES`] latent samples per row. They are the first samples of [`ImportanceSampler::add_to`].
    pub(super) fn estimate_kl(
        &self,
        estimates: &mut Estimates,
        targets: &Array2<f64>,
        start: usize,
    ) -> Result<(), Error> {
        estimates.kl.truncate(start);
        for (row, target) in targets.outer_iter().enumerate() {
            self.model.bounds().check_cancelled(0, targets.nrows())?;
            let mut row = Row::new(start + row, target, self.seed);
            let mut codes = Array2::zeros((KL_SAMPLES, self.model.latent_dim()));
            let log_ratios = self.sample_codes(std::slice::from_mut(&mut row), &mut codes, KL_SAMPLES)?;
            estimates.kl.push(-log_ratios.iter().sum::<f64>() / KL_SAMPLES as f64);
        }
        Ok(())
    }

    /// Samples `count` more codes for each of the rows, and adds their importance weights.
    fn sample(&self, rows: &mut [Row<'_>], count: usize) -> Result<(), Error> {
        let mut codes = Array2::zeros((rows.len() * count, self.model.latent_dim()));
        let log_ratios = self.sample_codes(rows, &mut codes, count)?;
        let label_of = |row: &Row<'_>| self.labels.and_then(|labels| labels.get(row.index)).copied();
        let labels: Option<Vec<i64>> = rows.iter().flat_map(|row| std::iter::repeat_n(label_of(row), count)).collect();
        let first = rows.first().map_or(0, |row| row.index);
        let decoded = self
            .model
            .decode_with_probabilities(Codes { labels: labels.as_deref(), ..Codes::from(&codes) })
            .map_err(|error| error.at_row(|code| first + code / count))?;
        let mut samples = decoded.rows().zip(log_ratios);
        for row in rows {
            for (decoded, log_ratio) in samples.by_ref().take(count) {
                let log_likelihood = self.measure.log_likelihood(row.target, &decoded);
                row.log_likelihood_sum += log_likelihood;
                row.log_ratio_sum += log_ratio;
                row.weights.add(log_likelihood + log_ratio);
            }
        }
        Ok(())
    }

    /// Samples `count` codes for each of the rows into `codes`, and returns `ln p(z) - ln q(z|x)` of each.
    fn sample_codes(&self, rows: &mut [Row<'_>], codes: &mut Array2<f32>, count: usize) -> Result<Vec<f64>, Error> {
        let mut log_ratios = Vec::with_capacity(codes.nrows());
        for (row, mut codes) in rows.iter_mut().zip(codes.axis_chunks_iter_mut(Axis(0), count)) {
            for code in codes.outer_iter_mut() {
                log_ratios.push(self.sample_code(row, code));
            }
        }
        if self.prior.mixture().is_some() {
            let constant = HALF_LOG_2_PI * codes.ncols() as f64;
            for (log_ratio, log_prior) in log_ratios.iter_mut().zip(self.prior.log_density(codes.view())?) {
                *log_ratio += log_prior + constant;
            }
        }
        Ok(log_ratios)
    }

    /// Samples one code of a row. Returns `ln p(z) - ln q(z|x)` for the standard normal prior; for a mixture
    /// `-ln q(z|x) - latent/2 ln(2 pi)`.
    fn sample_code(&self, row: &mut Row<'_>, code: ArrayViewMut1<'_, f32>) -> f64 {
        let mean = self.posterior.mean.row(row.index);
        let log_variance = self.posterior.log_variance.row(row.index);
        let is_mixture = self.prior.mixture().is_some();
        let mut log_ratio = 0.0;
        for ((z, &mean), &log_variance) in code.into_iter().zip(mean).zip(log_variance) {
            let eps: f32 = StandardNormal.sample(&mut row.noise);
            *z = mean + (log_variance / 2.0).exp() * eps;
            let code = if is_mixture { 0.0 } else { *z };
            log_ratio += log_prior_over_posterior(code, eps, log_variance);
        }
        log_ratio
    }
}

impl<'a> Row<'a> {
    fn new(index: usize, target: ArrayView1<'a, f64>, seed: u64) -> Self {
        // The label is not included, so that classes are compared with the same latent samples.
        let noise = generator(seed_of_row(seed, target.iter().copied()), Stream::Importance);
        Row { index, target, noise, log_likelihood_sum: 0.0, log_ratio_sum: 0.0, weights: LogWeights::default() }
    }
}

/// Contribution of one latent dimension to `ln p(z) - ln q(z|x)` for `z = mu + sigma * eps`:
/// `1/2 (eps^2 + ln sigma^2 - z^2)`. The constants `ln(2 pi)` cancel. Using `eps` instead of `(z - mu) / sigma` keeps
/// full precision for small sigma.
fn log_prior_over_posterior(z: f32, eps: f32, log_variance: f32) -> f64 {
    let (z, eps) = (f64::from(z), f64::from(eps));
    0.5 * (eps * eps + f64::from(log_variance) - z * z)
}
