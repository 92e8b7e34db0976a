//! How well a model knows its samples: errors of reconstruction, and what a variational model says of
//! their likelihood.

mod divergence;
mod importance;
mod measure;
mod weights;

use narrows_bundle::{Prior, Role};
use ndarray::{Array1, Array2, Axis, Slice};

use crate::{Autoencoder, Codes, Error, Posterior, Samples, label::check_labels};
use divergence::kl_divergence;
use importance::{Draws, Estimates};
use measure::Measure;

/// Numbers in the largest array that is made at a time: 16 MiB of decoded samples, and twice that for
/// the targets in `f64`. A single sample may be larger.
const BLOCK_NUMBERS: usize = 1 << 22;

/// Rows that are decoded at a time, at most.
const BLOCK_ROWS: usize = 4096;

/// What is to be scored; [`ScoreOptions::default`] draws nothing, so that its scores hold no noise and
/// every kind has them.
///
/// ```
/// use narrows_runtime::ScoreOptions;
///
/// let options = ScoreOptions::default().importance_samples(100).seed(7);
/// assert_eq!(options.importance_samples, 100);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ScoreOptions {
    /// Codes that are drawn for every row, to estimate its bound and its likelihood by; none for 0, the
    /// default. Memory does not grow with it, time does. A hundred say how models compare, some
    /// thousand are customary for a likelihood to report (Burda et al. 2016 take 5000).
    pub importance_samples: usize,
    /// Seed of the draws, by default 0.
    pub seed: u64,
}

impl ScoreOptions {
    /// Draws this many codes for every row.
    #[must_use]
    pub fn importance_samples(mut self, count: usize) -> Self {
        self.importance_samples = count;
        self
    }

    /// Draws them from this seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// The scores of a batch of samples, `[batch]` each, summed over the features and computed in `f64`.
///
/// `x` is a sample and `x_hat` a decoded one, both in scaled units, `(value - offset) / scale` by the
/// manifest's scaling. A density is one over scaled samples too, so figures compare only between models
/// that scale alike. A model that takes labels is asked about the sample given its label: every score of
/// a CVAE is conditional on it.
///
/// A Bernoulli likelihood takes its probabilities from the decoder's output, clamped to
/// `[1e-7, 1 - 1e-7]`; training goes by logits, which have no such end, so a figure of training can be
/// larger where a model was certain and wrong.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// `sum (x - x_hat)^2` of [`Autoencoder::reconstruct`]. Divided by the features it is the mean
    /// squared error that a manifest records as `mse`.
    pub squared_error: Array1<f64>,
    /// What the likelihood makes of the same reconstruction, the number that a model is trained by:
    ///
    /// - Bernoulli: the cross-entropy in nats, `-sum (x ln x_hat + (1 - x) ln(1 - x_hat))`;
    /// - Gaussian without a distribution over codes (PCA, AE, DAE): the squared error;
    /// - Gaussian with one (VAE, CVAE): nats, `sum (x - x_hat)^2 / (2 sigma^2) + n/2 ln(2 pi sigma^2)`
    ///   for `n` features, by the manifest's variance `sigma^2`, or 1 where it has none.
    ///
    /// Of a distribution over codes it takes the mean. What training reports as `reconstruction` of a VAE
    /// or CVAE goes by draws: it is `-(elbo + kl)`.
    pub reconstruction: Array1<f64>,
    /// The divergence of the posterior from the prior in nats,
    /// `KL(q(z|x) || p(z)) = 1/2 sum (mu^2 + sigma^2 - 1 - ln sigma^2)` (Kingma & Welling 2014, appendix
    /// B), where the model has both.
    pub kl: Option<Array1<f64>>,
    /// The evidence lower bound in nats, `1/K sum_k ln p(x|z_k) - KL(q(z|x) || p(z))` with `z_k` from the
    /// posterior (Kingma & Welling 2014, equation 7). `None` without draws.
    pub elbo: Option<Array1<f64>>,
    /// `ln p(x)` in nats, estimated by importance: `ln 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)` with `z_k`
    /// from the posterior (Burda et al. 2016, equation 8). In expectation it lies below `ln p(x)`, and
    /// comes closer with every draw. `None` without draws.
    pub log_likelihood: Option<Array1<f64>>,
    /// The standard error of `log_likelihood` by its draws, in nats: by the delta method the relative one
    /// of the mean weight. It means little where a few draws outweigh all others, which is where it is
    /// near 1. `None` with fewer than two draws.
    pub log_likelihood_standard_error: Option<Array1<f64>>,
}

impl Autoencoder {
    /// Scores every sample by its reconstruction, and by its likelihood if codes are to be drawn.
    ///
    /// The scores of a row are a function of the row, its label and the options: its draws are seeded by
    /// the seed and the row's own numbers, wherever it stands. So rows may be scored in any order and in
    /// batches of any size, up to the rounding of an engine that adds differently in another batch. Equal
    /// rows get equal draws, and the draws of a smaller `importance_samples` are the first of a larger.
    ///
    /// Rows are decoded in blocks of at most 4096, or of 16 MiB, or of one row if that is larger, so beside
    /// codes and scores some 64 MiB are needed, however many rows and draws there are.
    ///
    /// Samples are taken as they are: of a model fitted on binarised samples, give such to compare figures.
    /// What is decoded to NaN scores NaN, and an infinity has an infinite squared error.
    ///
    /// # Errors
    /// [`Error::NoLikelihood`] if codes are to be drawn and the model has no distribution over them,
    /// [`Error::OutsideRange`] for a value that a Bernoulli likelihood has no probability for; otherwise
    /// those of [`Autoencoder::reconstruct`].
    pub fn score<'a>(&self, samples: impl Into<Samples<'a>>, options: &ScoreOptions) -> Result<Scores, Error> {
        let samples = samples.into();
        let (manifest, count) = (self.manifest(), options.importance_samples);
        let has_posterior = manifest.graphs.encoder.output(Role::LogVariance).is_some();
        let has_likelihood = has_posterior && matches!(manifest.prior, Some(Prior::StandardNormal));
        if count > 0 && !has_likelihood {
            return Err(Error::NoLikelihood { kind: manifest.kind });
        }
        let mut given = samples.clone();
        given.labels = samples.labels.filter(|_| self.encoder.takes_labels());
        let encoded = if has_posterior {
            Encoded::Posterior(self.posterior(given)?)
        } else {
            Encoded::Codes(self.encode(given)?)
        };
        let codes = encoded.codes();
        let rows = codes.nrows();
        check_labels(samples.labels, rows, &[&self.encoder, &self.decoder], manifest)?;
        let measure = Measure::of(manifest);
        measure.check(&samples)?;

        let labels = samples.labels.filter(|_| self.decoder.takes_labels());
        let posterior = encoded.posterior().filter(|_| has_likelihood);
        let draws = |posterior| Draws { model: self, measure: &measure, posterior, labels, count, seed: options.seed };
        let draws = posterior.filter(|_| count > 0).map(draws);
        let block = rows_at_a_time(manifest.sample.features().max(self.latent_dim()));
        let (mut squared_error, mut reconstruction, mut estimates) = (Vec::new(), Vec::new(), Estimates::default());
        for start in (0..rows).step_by(block) {
            let range = start..rows.min(start.saturating_add(block));
            let targets = measure.targets(&samples, range.clone());
            let codes = codes.slice_axis(Axis(0), Slice::from(range.clone()));
            let codes = Codes { labels: labels.and_then(|labels| labels.get(range)), ..codes.into() };
            let decoded = self.decode(codes).map_err(|error| error.at_row(|row| start + row))?;
            for (target, decoded) in targets.outer_iter().zip(decoded.outer_iter()) {
                squared_error.push(measure.squared_error(target, &decoded));
                reconstruction.push(measure.reconstruction(target, &decoded));
            }
            if let Some(draws) = &draws {
                draws.add_to(&mut estimates, &targets, start, block)?;
            }
        }
        let kl = posterior.map(kl_divergence);
        let estimated = |values: Vec<f64>, least| (count >= least).then(|| Array1::from(values));
        Ok(Scores {
            elbo: estimated(estimates.log_likelihood_of_draws, 1).zip(kl.as_ref()).map(|(mean, kl)| mean - kl),
            kl,
            log_likelihood: estimated(estimates.log_likelihood, 1),
            log_likelihood_standard_error: estimated(estimates.standard_error, 2),
            squared_error: squared_error.into(),
            reconstruction: reconstruction.into(),
        })
    }
}

/// What the encoder makes of the samples.
enum Encoded {
    Codes(Array2<f32>),
    Posterior(Posterior),
}

impl Encoded {
    /// The codes to reconstruct from, `[batch, latent]`.
    fn codes(&self) -> &Array2<f32> {
        match self {
            Encoded::Codes(codes) | Encoded::Posterior(Posterior { mean: codes, .. }) => codes,
        }
    }

    fn posterior(&self) -> Option<&Posterior> {
        match self {
            Encoded::Codes(_) => None,
            Encoded::Posterior(posterior) => Some(posterior),
        }
    }
}

/// Rows of so many numbers that fit into a block, at least one.
fn rows_at_a_time(width: usize) -> usize {
    (BLOCK_NUMBERS / width.max(1)).clamp(1, BLOCK_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_a_row_and_otherwise_keeps_its_bound() {
        assert_eq!([1, 784, 1024, 2048, 1 << 28].map(rows_at_a_time), [4096, 4096, 4096, 2048, 1]);
    }
}
