//! The posteriors of all rows: the KL divergence of each latent dimension, active units, and what the aggregate
//! posterior says.

use narrows_runtime::{Posterior, bundle::Prior};
use ndarray::Array1;

use crate::moments::{Estimate, Moments};

use super::aggregate::{Aggregate, Gaussians};

/// Variance of the mean of the posterior over the rows, above which a latent dimension is active (Burda et al. 2016,
/// section 5.2).
const ACTIVE_VARIANCE: f64 = 0.01;

/// Figures of the posteriors `q(z|x) = N(mu(x), diag(sigma(x)^2))`, in nats.
#[derive(Debug, Clone, PartialEq)]
pub struct PosteriorFigures {
    /// KL divergence from the prior per row, `1/2 sum (mu^2 + sigma^2 - 1 - ln sigma^2)` for a standard normal prior
    /// (Kingma & Welling 2014, appendix B), a Monte Carlo estimate for a learned one.
    pub kl: Estimate,
    /// KL divergence of each latent dimension, averaged over the rows; `None` for a learned prior, whose dimensions are
    /// not independent.
    pub kl_per_dimension: Option<Vec<f64>>,
    /// Number of latent dimensions.
    pub dimensions: usize,
    /// Number of latent dimensions whose posterior mean has a variance over the rows above 0.01 (Burda et al. 2016).
    pub active_units: usize,
    /// Whether each latent dimension is active.
    pub active: Vec<bool>,
    /// Estimates of the mutual information and of the divergence of the aggregate posterior.
    pub aggregate: Aggregate,
}

/// The posteriors of all rows so far. Holds two numbers per row and latent dimension.
#[derive(Debug, Clone, Default)]
pub(crate) struct Posteriors {
    kl: Moments,
    dimensions: Vec<(f64, Moments)>,
    gaussians: Gaussians,
}

impl Posteriors {
    /// Adds the posteriors of some rows, with their divergences from the prior.
    pub(crate) fn add(&mut self, posterior: &Posterior, kl: &Array1<f64>) {
        kl.iter().for_each(|&kl| self.kl.add(kl));
        for (means, log_variances) in posterior.mean.outer_iter().zip(posterior.log_variance.outer_iter()) {
            self.dimensions.resize(means.len(), Default::default());
            for ((&mean, &log_variance), (kl, moments)) in means.iter().zip(log_variances).zip(&mut self.dimensions) {
                let (mean, log_variance) = (f64::from(mean), f64::from(log_variance));
                // `exp(x) - 1` would lose precision near the prior.
                *kl += 0.5 * (mean * mean + log_variance.exp_m1() - log_variance);
                moments.add(mean);
            }
            self.gaussians.add(means.iter().copied(), log_variances.iter().copied());
        }
    }

    /// Returns the figures. `seed` is that of the latent samples and of the batches.
    pub(crate) fn figures(&self, prior: Prior, seed: u64) -> PosteriorFigures {
        let rows = self.kl.count().max(1) as f64;
        let active: Vec<bool> =
            self.dimensions.iter().map(|(_, moments)| moments.variance() > ACTIVE_VARIANCE).collect();
        PosteriorFigures {
            kl: self.kl.estimate(),
            kl_per_dimension: match prior {
                Prior::StandardNormal => Some(self.dimensions.iter().map(|(kl, _)| kl / rows).collect()),
                Prior::Mixture { .. } => None,
            },
            dimensions: self.dimensions.len(),
            active_units: active.iter().filter(|&&is_active| is_active).count(),
            active,
            aggregate: self.gaussians.aggregate(self.kl.mean(), seed),
        }
    }
}
