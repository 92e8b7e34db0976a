//! The scores of a sample.

use clap::ValueEnum;
use narrows_runtime::Scores;
use ndarray::Array1;

/// Default number of latent samples per row for a score that needs them.
const DEFAULT_SAMPLES: usize = 100;

/// Score of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum Figure {
    /// Sum of squared errors over the features, in scaled units
    SquaredError,
    /// Reconstruction loss at the mean of the code: in nats, or the squared error of a pca, ae, dae or wae with the
    /// gaussian likelihood
    Reconstruction,
    /// KL divergence of the posterior from the prior, in nats
    Kl,
    /// Evidence lower bound, in nats
    Elbo,
    /// Log-likelihood, estimated by importance sampling, in nats
    LogLikelihood,
    /// Standard error of the estimated log-likelihood, in nats
    LogLikelihoodStandardError,
    /// Score and p-value of the bundle's detector, see `detect`
    Anomaly,
}

impl Figure {
    pub(super) fn name(self) -> &'static str {
        match self {
            Figure::SquaredError => "squared_error",
            Figure::Reconstruction => "reconstruction",
            Figure::Kl => "kl",
            Figure::Elbo => "elbo",
            Figure::LogLikelihood => "log_likelihood",
            Figure::LogLikelihoodStandardError => "log_likelihood_standard_error",
            Figure::Anomaly => "anomaly",
        }
    }

    pub(super) fn of(self, scores: &Scores) -> Option<&Array1<f64>> {
        match self {
            Figure::SquaredError => Some(&scores.squared_error),
            Figure::Reconstruction => Some(&scores.reconstruction),
            Figure::Kl => scores.kl.as_ref(),
            Figure::Elbo => scores.elbo.as_ref(),
            Figure::LogLikelihood => scores.log_likelihood.as_ref(),
            Figure::LogLikelihoodStandardError => scores.log_likelihood_standard_error.as_ref(),
            // The detector computes it, not the score.
            Figure::Anomaly => None,
        }
    }

    /// Returns the smallest number of latent samples per row that the score needs.
    pub(super) fn fewest_samples(self) -> usize {
        match self {
            Figure::SquaredError | Figure::Reconstruction | Figure::Kl | Figure::Anomaly => 0,
            Figure::Elbo | Figure::LogLikelihood => 1,
            Figure::LogLikelihoodStandardError => 2,
        }
    }

    /// Returns the default number of latent samples per row.
    pub(super) fn default_samples(self) -> usize {
        if self.fewest_samples() > 0 { DEFAULT_SAMPLES } else { 0 }
    }

    /// Returns whether only variational models have the score.
    pub(super) fn is_variational(self) -> bool {
        self.fewest_samples() > 0 || self == Figure::Kl
    }
}
