//! The likelihood of a sample by draws from its posterior (Burda et al. 2016, equation 8).

use ndarray::{Array2, ArrayView1, Axis};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{measure::Measure, weights::LogWeights};
use crate::{
    Autoencoder, Codes, Error, Posterior,
    random::{Stream, generator},
};

/// The draws that are to be made.
#[derive(Debug)]
pub(super) struct Draws<'a> {
    pub(super) model: &'a Autoencoder,
    pub(super) measure: &'a Measure,
    pub(super) posterior: &'a Posterior,
    /// For a decoder that takes them.
    pub(super) labels: Option<&'a [i64]>,
    /// Draws a row, at least 1.
    pub(super) count: usize,
    pub(super) seed: u64,
}

/// What the draws have come to, one number a row.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    /// `1/K sum_k ln p(x|z_k)`.
    pub(super) log_likelihood_of_draws: Vec<f64>,
    /// `ln 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)`.
    pub(super) log_likelihood: Vec<f64>,
    /// Of `log_likelihood`.
    pub(super) standard_error: Vec<f64>,
}

/// A row while its codes are drawn.
struct Row<'a> {
    /// Its place among the samples.
    index: usize,
    target: ArrayView1<'a, f64>,
    noise: ChaCha8Rng,
    log_likelihoods: f64,
    weights: LogWeights,
}

impl Draws<'_> {
    /// Adds the estimates for these targets, which are the samples from row `start`. At most `block` codes
    /// are decoded at a time: those of some rows, or some of those of one row.
    pub(super) fn add_to(
        &self,
        estimates: &mut Estimates,
        targets: &Array2<f64>,
        start: usize,
        block: usize,
    ) -> Result<(), Error> {
        let (rows_at_a_time, draws_at_a_time) = ((block / self.count).max(1), self.count.min(block));
        for (group, targets) in targets.axis_chunks_iter(Axis(0), rows_at_a_time).enumerate() {
            let first = start + group * rows_at_a_time;
            let row = |(row, target): (usize, _)| Row::new(first + row, target, self.seed);
            let mut rows: Vec<Row<'_>> = targets.into_outer_iter().enumerate().map(row).collect();
            let mut left = self.count;
            while left > 0 {
                let draws = left.min(draws_at_a_time);
                self.draw(&mut rows, draws)?;
                left -= draws;
            }
            for row in rows {
                estimates.log_likelihood_of_draws.push(row.log_likelihoods / self.count as f64);
                estimates.log_likelihood.push(row.weights.log_mean());
                estimates.standard_error.push(row.weights.standard_error());
            }
        }
        Ok(())
    }

    /// Draws so many more codes for each of the rows, and weighs them.
    fn draw(&self, rows: &mut [Row<'_>], draws: usize) -> Result<(), Error> {
        let mut codes = Array2::zeros((rows.len() * draws, self.model.latent_dim()));
        let mut log_ratios = Vec::with_capacity(codes.nrows());
        for (row, mut codes) in rows.iter_mut().zip(codes.axis_chunks_iter_mut(Axis(0), draws)) {
            let mean = self.posterior.mean.row(row.index);
            let log_variance = self.posterior.log_variance.row(row.index);
            for code in codes.outer_iter_mut() {
                let mut log_ratio = 0.0;
                for ((z, &mean), &log_variance) in code.into_iter().zip(mean).zip(log_variance) {
                    let eps: f32 = StandardNormal.sample(&mut row.noise);
                    *z = mean + (log_variance / 2.0).exp() * eps;
                    log_ratio += log_prior_over_posterior(*z, eps, log_variance);
                }
                log_ratios.push(log_ratio);
            }
        }
        let label_of = |row: &Row<'_>| self.labels.and_then(|labels| labels.get(row.index)).copied();
        let labels: Option<Vec<i64>> = rows.iter().flat_map(|row| std::iter::repeat_n(label_of(row), draws)).collect();
        let first = rows.first().map_or(0, |row| row.index);
        let decoded = self
            .model
            .decode(Codes { labels: labels.as_deref(), ..Codes::from(&codes) })
            .map_err(|error| error.at_row(|code| first + code / draws))?;
        let mut drawn = decoded.outer_iter().zip(log_ratios);
        for row in rows {
            for (decoded, log_ratio) in drawn.by_ref().take(draws) {
                let log_likelihood = self.measure.log_likelihood(row.target, &decoded);
                row.log_likelihoods += log_likelihood;
                row.weights.add(log_likelihood + log_ratio);
            }
        }
        Ok(())
    }
}

impl<'a> Row<'a> {
    fn new(index: usize, target: ArrayView1<'a, f64>, seed: u64) -> Self {
        let noise = generator(seed_of_row(seed, target), Stream::Importance);
        Row { index, target, noise, log_likelihoods: 0.0, weights: LogWeights::default() }
    }
}

/// One number's part of `ln p(z) - ln q(z|x)` for `z = mu + sigma * eps`: `1/2 (eps^2 + ln sigma^2 - z^2)`.
/// The constants `ln(2 pi)` cancel, and `eps` in the place of `(z - mu) / sigma` loses nothing when sigma is
/// small.
fn log_prior_over_posterior(z: f32, eps: f32, log_variance: f32) -> f64 {
    let (z, eps) = (f64::from(z), f64::from(eps));
    0.5 * (eps * eps + f64::from(log_variance) - z * z)
}

/// A seed from a seed and the numbers of a row: FNV-1a (Fowler, Noll and Vo 1991) with 64 bits. The label
/// has no part in it, so that the same draws tell classes apart.
fn seed_of_row(seed: u64, row: ArrayView1<'_, f64>) -> u64 {
    // Adding zero makes the two zeros one.
    let numbers = row.iter().map(|value| (value + 0.0).to_bits());
    let bytes = std::iter::once(seed).chain(numbers).flat_map(u64::to_le_bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_row_keeps_its_seed_for_good_and_shares_it_with_no_other() {
        let seed = |seed, row: [f64; 2]| seed_of_row(seed, array![row[0], row[1]].view());
        assert_eq!(seed(7, [0.5, 0.0]), seed(7, [0.5, -0.0]));
        let others = [seed(7, [0.0, 0.5]), seed(8, [0.5, 0.0]), seed(7, [0.5, 0.25])];
        assert!(!others.contains(&seed(7, [0.5, 0.0])));
        assert_eq!(seed(7, [0.5, 0.0]), 13_615_965_513_978_721_515);
    }
}
