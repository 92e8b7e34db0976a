//! Scores from samples of the code: the evidence lower bound and the likelihood.

use std::f64::consts::PI;

use narrows_bundle::{Likelihood, Manifest, Mixture, MixtureDensity, Scaling, log_sum_exp, onnx::Model};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use rand_distr::{Distribution, StandardNormal};

use crate::{
    detector::{Decode, DetectorError, DetectorOptions, chunk::Chunk},
    random::{Stream, stream},
};

/// Smallest probability of a Bernoulli likelihood, as in the runtime's scores.
pub(super) const MIN_PROBABILITY: f64 = 1e-7;

/// Which quantity is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::detector) enum Estimate {
    /// `-(1/K sum_k ln p(x|z_k) + ln p(z_k) - ln q(z_k|x))` (Kingma & Welling 2014, equation 2).
    Elbo,
    /// `-ln 1/K sum_k p(x|z_k) p(z_k) / q(z_k|x)` (Burda et al. 2016, equation 8).
    Likelihood,
}

/// A score in nats that samples `K` codes of the posterior of each row, `z_k = mu + sigma e_k`. The noise `e_k` is the
/// same for all rows and part of the graph, so the score is deterministic.
pub(in crate::detector) struct Sampled<'a> {
    pub(super) estimate: Estimate,
    /// The noise, `[samples, latent]`.
    pub(super) noise: Array2<f64>,
    pub(super) prior: Option<(Mixture, MixtureDensity)>,
    pub(super) likelihood: Likelihood,
    pub(super) variance: f64,
    pub(super) scaling: Scaling,
    pub(super) decoder: &'a Model,
    decode: Decode<'a>,
}

impl<'a> Sampled<'a> {
    /// Prepares the score of a variational model.
    ///
    /// # Errors
    /// [`DetectorError::Option`] for a model without a distribution over codes.
    pub(in crate::detector) fn of(
        estimate: Estimate,
        manifest: &Manifest,
        prior: Option<&Mixture>,
        decoder: &'a Model,
        decode: Decode<'a>,
        options: &DetectorOptions,
    ) -> Result<Self, DetectorError> {
        if !manifest.kind.is_variational() || manifest.prior.is_none() {
            return Err(DetectorError::Option {
                option: "--score",
                problem: format!(
                    "elbo and likelihood need a distribution over codes, which only a vae and a cvae have; pass another \
                     score for this {}",
                    manifest.kind
                ),
            });
        }
        let random = &mut stream(options.seed, Stream::DetectorNoise, 0);
        let shape = (options.latent_samples, manifest.latent_dim);
        let noise = Array2::from_shape_simple_fn(shape, || {
            // Rounded first, so that the graph has the same values.
            let value: f32 = StandardNormal.sample(random);
            f64::from(value)
        });
        Ok(Sampled {
            estimate,
            noise,
            prior: prior.map(|mixture| (mixture.clone(), MixtureDensity::of(mixture))),
            likelihood: manifest.likelihood,
            variance: manifest.variance.unwrap_or(1.0),
            scaling: manifest.scaling.clone(),
            decoder,
            decode,
        })
    }

    /// Returns `ln p(z_k) - ln q(z_k|x)` for each sample of a row, `[samples]`.
    fn log_ratios(&self, codes: ArrayView2<'_, f64>, log_variance: ArrayView1<'_, f64>) -> Array1<f64> {
        let half_log_variance = 0.5 * log_variance.sum();
        let squares = |rows: ArrayView2<'_, f64>| rows.map_axis(Axis(1), |row| row.dot(&row));
        let normal = 0.5 * codes.ncols() as f64 * (2.0 * PI).ln();
        let log_posterior = -0.5 * squares(self.noise.view()) - half_log_variance - normal;
        let log_prior = match &self.prior {
            None => -0.5 * squares(codes) - normal,
            Some((_, density)) => density.log_density(&codes),
        };
        log_prior - log_posterior
    }

    /// Returns `ln p(x|z)` of a target in scaled units and a decoded sample in the data's unit.
    fn log_likelihood(&self, target: ArrayView1<'_, f64>, decoded: ArrayView1<'_, f32>) -> f64 {
        let columns = self.scaling.offset.iter().cycle().zip(self.scaling.scale.iter().cycle());
        let means = decoded
            .iter()
            .zip(columns)
            .map(|(&value, (&offset, &scale))| (f64::from(value) - f64::from(offset)) / f64::from(scale));
        let pairs = target.iter().zip(means);
        match self.likelihood {
            Likelihood::Gaussian | Likelihood::Columns => {
                let error: f64 = pairs.map(|(target, mean)| (target - mean).powi(2)).sum();
                -(error / self.variance + target.len() as f64 * (2.0 * PI * self.variance).ln()) / 2.0
            }
            Likelihood::Bernoulli => {
                let of_value = |(target, mean): (&f64, f64)| {
                    let probability = mean.clamp(MIN_PROBABILITY, 1.0 - MIN_PROBABILITY);
                    let target = target.clamp(0.0, 1.0);
                    target * probability.ln() + (1.0 - target) * (1.0 - probability).ln()
                };
                pairs.map(of_value).sum()
            }
        }
    }

    /// Computes the score of every row.
    pub(super) fn estimates(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        let Some(log_variances) = &rows.log_variances else { return Ok(vec![f64::NAN; rows.codes.nrows()]) };
        let (samples, latent) = self.noise.dim();
        let mut codes = Array2::<f64>::zeros((rows.codes.nrows() * samples, latent));
        for (row, (mean, log_variance)) in rows.codes.outer_iter().zip(log_variances.outer_iter()).enumerate() {
            let deviation = log_variance.mapv(|value| (0.5 * value).exp());
            let sampled = &self.noise * &deviation + mean;
            codes.slice_mut(s![row * samples..(row + 1) * samples, ..]).assign(&sampled);
        }
        let labels = rows.labels.map(|labels| -> Vec<i64> {
            labels.iter().flat_map(|&label| std::iter::repeat_n(label, samples)).collect()
        });
        let floats = codes.mapv(|value| value as f32);
        let decoded = (self.decode)(&floats.view(), labels.as_deref()).map_err(DetectorError::Decode)?;
        let score = |row: usize| {
            let range = row * samples..(row + 1) * samples;
            let ratios = self.log_ratios(codes.slice(s![range.clone(), ..]), log_variances.row(row));
            let decoded = decoded.slice(s![range, ..]);
            let likelihoods = decoded.outer_iter().map(|decoded| self.log_likelihood(rows.targets.row(row), decoded));
            let weights: Vec<f64> = likelihoods.zip(&ratios).map(|(likelihood, ratio)| likelihood + ratio).collect();
            match self.estimate {
                Estimate::Elbo => -weights.iter().sum::<f64>() / samples as f64,
                Estimate::Likelihood => (samples as f64).ln() - log_sum_exp(weights.iter().copied()),
            }
        };
        Ok((0..rows.codes.nrows()).map(score).collect())
    }
}
