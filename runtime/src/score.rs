//! Scores of samples: reconstruction errors, and likelihood estimates of variational models.

mod cell_errors;
mod cells;
mod divergence;
mod importance;
mod measure;
mod scale;
mod weights;

use narrows_bundle::Role;
use ndarray::{Array1, Array2, Axis, Slice};

use crate::{Autoencoder, Codes, Error, Posterior, Samples, label::check_labels, levels::Decoded};
use cells::DecodedRow;
use divergence::kl_divergence;
use importance::{Estimates, ImportanceSampler, KL_SAMPLES};
use measure::Measure;

/// Largest number of values in a temporary array: 16 MiB of decoded samples, and twice that for the targets in
/// `f64`. A single sample may be larger.
const BLOCK_VALUES: usize = 1 << 22;

/// Largest number of rows that are decoded at a time.
const BLOCK_ROWS: usize = 4096;

/// Options for [`Autoencoder::score`].
///
/// By default no latent codes are sampled: the scores are deterministic, and every kind of model supports them.
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
    /// Latent samples per row for the estimates of the evidence lower bound and the likelihood. By default 0, which
    /// skips both estimates.
    ///
    /// The time grows with this number, the memory does not. 100 samples are enough to compare models; several
    /// thousand are usual for reported likelihoods (Burda et al. 2016 use 5000).
    pub importance_samples: usize,
    /// Seed of the latent samples, by default 0.
    pub seed: u64,
}

impl ScoreOptions {
    /// Sets the number of latent samples per row.
    #[must_use]
    pub fn importance_samples(mut self, count: usize) -> Self {
        self.importance_samples = count;
        self
    }

    /// Sets the seed of the latent samples.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// The scores of a batch of samples: one value per row in each array, `[batch]`.
///
/// Scores are summed over the features and computed in `f64`. In the formulas, `x` is a sample and `x_hat` its
/// reconstruction, both in scaled units: `(value - offset) / scale` with the manifest's scaling. Densities are
/// densities of scaled samples, so scores are comparable only between models with the same scaling. Scores of a
/// CVAE are conditional on the label.
///
/// A Bernoulli likelihood uses the decoder's output as the probability, clamped to `[1e-7, 1 - 1e-7]`. Training
/// uses logits, which are not clamped, so the training loss of a confident wrong prediction can be larger.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scores {
    /// Squared error of the reconstruction, `sum (x - x_hat)^2`. Divided by the number of features it is the mean
    /// squared error that the manifest records as `mse`. In a mixed table, the sum over the numbers that are there.
    pub squared_error: Array1<f64>,
    /// Reconstruction loss, the one that training minimises:
    ///
    /// - Bernoulli likelihood: the cross-entropy in nats, `-sum (x ln x_hat + (1 - x) ln(1 - x_hat))`;
    /// - Gaussian likelihood of a deterministic encoder (PCA, AE, DAE, WAE): the squared error;
    /// - Gaussian likelihood of a variational encoder (VAE, CVAE): the negative log-likelihood in nats,
    ///   `sum (x - x_hat)^2 / (2 sigma^2) + n/2 ln(2 pi sigma^2)` for `n` features, with the manifest's variance
    ///   `sigma^2`, or 1 where it has none;
    /// - mixed tables: the sum of the errors of the cells that are there, as
    ///   [`Distribution`](crate::bundle::Distribution) has them, with the weights of the manifest; for a variational
    ///   encoder the negative log-likelihood in nats. Probabilities are at least 1e-7, which is that of an unseen
    ///   level.
    ///
    /// For a variational encoder, `x_hat` is decoded from the mean of the posterior. The `reconstruction` that
    /// training reports for a VAE or CVAE uses latent samples instead; it corresponds to `-(elbo + kl)`.
    pub reconstruction: Array1<f64>,
    /// KL divergence between the posterior and the prior in nats,
    /// `KL(q(z|x) || p(z)) = 1/2 sum (mu^2 + sigma^2 - 1 - ln sigma^2)` (Kingma & Welling 2014, appendix
    /// B). `None` for models without a posterior or a prior.
    ///
    /// For a learned prior there is no closed form: it is the Monte Carlo estimate `1/K sum_k ln q(z_k|x) - ln p(z_k)`
    /// with 64 latent samples per row, or with [`ScoreOptions::importance_samples`] if they are more.
    pub kl: Option<Array1<f64>>,
    /// Evidence lower bound in nats, `1/K sum_k ln p(x|z_k) - KL(q(z|x) || p(z))`, with `z_k` sampled from the
    /// posterior (Kingma & Welling 2014, equation 7). `None` without latent samples.
    pub elbo: Option<Array1<f64>>,
    /// Log-likelihood `ln p(x)` in nats, estimated by importance sampling:
    /// `ln 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)`, with `z_k` sampled from the posterior (Burda et al. 2016,
    /// equation 8). Its expectation is below `ln p(x)` and approaches it as the number of samples grows. `None`
    /// without latent samples.
    pub log_likelihood: Option<Array1<f64>>,
    /// Standard error of `log_likelihood` in nats, by the delta method: the relative standard error of the mean
    /// importance weight. It is unreliable where a few weights dominate, which is where it is close to 1. `None`
    /// with fewer than two latent samples per row.
    pub log_likelihood_standard_error: Option<Array1<f64>>,
}

impl Autoencoder {
    /// Scores samples by their reconstruction, and by their likelihood if
    /// [`ScoreOptions::importance_samples`] is set.
    ///
    /// ```no_run
    /// use narrows_runtime::{Autoencoder, ScoreOptions, ndarray::Array3};
    ///
    /// # fn main() -> Result<(), narrows_runtime::Error> {
    /// let model = Autoencoder::open("models/vae")?;
    /// let images = Array3::<u8>::zeros((32, 8, 8));
    /// let scores = model.score(&images, &ScoreOptions::default().importance_samples(100))?;
    /// println!("squared error of the first image: {}", scores.squared_error[0]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The scores of a row depend only on the row, its label and the options: the latent samples are seeded by the
    /// seed and the values of the row. Rows can be scored in any order and in batches of any size; results are equal
    /// up to rounding, because the engine may sum in another order in another batch. Equal rows get equal latent
    /// samples, and the samples of a smaller `importance_samples` are a prefix of those of a larger one.
    ///
    /// Rows are decoded in blocks of at most 4096 rows or 16 MiB, and at least one row. In addition to codes and
    /// scores, about 64 MiB of memory are needed, independent of the number of rows and latent samples.
    ///
    /// Samples are not binarised: for a model trained on binarised samples, pass binarised samples to get comparable
    /// scores (`narrows_data::binarize_row`). A reconstruction with NaN gives the score NaN, one with an infinity an
    /// infinite squared error.
    ///
    /// # Errors
    /// - [`Error::NoLikelihood`] if latent samples are requested and the model has no posterior or no prior,
    /// - [`Error::OutsideRange`] for a value outside the range of a Bernoulli likelihood,
    /// - otherwise those of [`Autoencoder::reconstruct`].
    pub fn score<'a>(&self, samples: impl Into<Samples<'a>>, options: &ScoreOptions) -> Result<Scores, Error> {
        let samples = samples.into();
        let (manifest, count) = (self.manifest(), options.importance_samples);
        let has_posterior = manifest.graphs.encoder.output(Role::LogVariance).is_some();
        let prior = self.prior().filter(|_| has_posterior);
        if count > 0 && prior.is_none() {
            return Err(Error::NoLikelihood { kind: manifest.kind });
        }
        let mut encoder_input = samples.clone();
        encoder_input.labels = samples.labels.filter(|_| self.encoder.takes_labels());
        let encoded = match has_posterior {
            true => self.posterior(encoder_input).map(Encoded::Posterior),
            false => self.encode(encoder_input).map(Encoded::Codes),
        };
        let rows = samples.values.shape().first().copied().unwrap_or_default();
        let encoded = encoded.map_err(|error| error.cancelled_after(0, rows))?;
        let codes = encoded.codes();
        check_labels(samples.labels, rows, &[&self.encoder, &self.decoder], manifest)?;
        let measure = Measure::of(manifest);
        measure.check(&samples, self.bounds())?;

        let labels = samples.labels.filter(|_| self.decoder.takes_labels());
        let sampler = encoded.posterior().zip(prior).map(|(posterior, prior)| ImportanceSampler {
            model: self,
            measure: &measure,
            posterior,
            prior,
            labels,
            count,
            seed: options.seed,
        });
        let has_mixture = prior.is_some_and(|prior| prior.mixture().is_some());
        let block = rows_per_block(self.values_per_row());
        let (mut squared_error, mut reconstruction, mut estimates) = (Vec::new(), Vec::new(), Estimates::default());
        for start in (0..rows).step_by(block) {
            let range = start..rows.min(start.saturating_add(block));
            let targets = measure.targets(&samples, range.clone());
            let codes = codes.slice_axis(Axis(0), Slice::from(range.clone()));
            let codes = Codes { labels: labels.and_then(|labels| labels.get(range)), ..codes.into() };
            let decoded = self
                .decode_with_probabilities(codes)
                .map_err(|error| error.at_row(|row| start + row).cancelled_after(start, rows))?;
            self.bounds().check_cancelled(start, rows)?;
            for (target, decoded) in targets.outer_iter().zip(decoded.rows()) {
                squared_error.push(measure.squared_error(target, &decoded));
                reconstruction.push(measure.reconstruction(target, &decoded));
            }
            if let Some(sampler) = sampler.as_ref().filter(|_| count > 0) {
                let added = sampler.add_to(&mut estimates, &targets, start, block);
                added.map_err(|error| error.cancelled_after(start, rows))?;
            }
            if let Some(sampler) = sampler.as_ref().filter(|_| has_mixture && count < KL_SAMPLES) {
                let estimated = sampler.estimate_kl(&mut estimates, &targets, start);
                estimated.map_err(|error| error.cancelled_after(start, rows))?;
            }
        }
        let kl = match &sampler {
            Some(_) if has_mixture => Some(Array1::from(estimates.kl)),
            Some(sampler) => Some(kl_divergence(sampler.posterior)),
            None => None,
        };
        let estimated = |values: Vec<f64>, min_count| (count >= min_count).then(|| Array1::from(values));
        Ok(Scores {
            elbo: estimated(estimates.mean_log_likelihood, 1).zip(kl.as_ref()).map(|(mean, kl)| mean - kl),
            kl,
            log_likelihood: estimated(estimates.log_likelihood, 1),
            log_likelihood_standard_error: estimated(estimates.standard_error, 2),
            squared_error: squared_error.into(),
            reconstruction: reconstruction.into(),
        })
    }
}

impl Decoded {
    fn rows(&self) -> impl Iterator<Item = DecodedRow<'_>> {
        let rows = self.samples.outer_iter().zip(self.probabilities.outer_iter());
        rows.map(|(sample, probabilities)| DecodedRow { sample, probabilities })
    }
}

/// Outputs of the encoder.
enum Encoded {
    Codes(Array2<f32>),
    Posterior(Posterior),
}

impl Encoded {
    /// Returns the codes to decode, `[batch, latent]`.
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

/// Returns the number of rows of `width` values per block, at least one.
fn rows_per_block(width: usize) -> usize {
    (BLOCK_VALUES / width.max(1)).clamp(1, BLOCK_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_at_least_one_row_and_otherwise_respects_its_limits() {
        assert_eq!([1, 784, 1024, 2048, 1 << 28].map(rows_per_block), [4096, 4096, 4096, 2048, 1]);
    }
}
