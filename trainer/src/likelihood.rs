//! The distribution of a sample given its code: it owns both the output link and the loss, so what is
//! trained on and what is exported cannot disagree.

use std::f64::consts::PI;

use candle_core::{Result, Tensor};
use narrows_bundle::{Likelihood, Link};

use crate::candle::bernoulli_loss;

/// A likelihood with the link that its decoder ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// Bernoulli or Gaussian.
    pub likelihood: Likelihood,
    /// From logits to means.
    pub link: Link,
}

impl Observation {
    /// The means of the distribution, in the network's unit: `[batch, features]`.
    pub(crate) fn mean(self, logits: &Tensor) -> Result<Tensor> {
        match self.link {
            Link::Identity => Ok(logits.clone()),
            Link::Sigmoid => candle_nn::ops::sigmoid(logits),
        }
    }

    /// What a deterministic autoencoder minimises, summed over features and averaged over the batch:
    /// binary cross-entropy in nats, or the squared error.
    pub(crate) fn error(self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self.likelihood {
            Likelihood::Bernoulli => bernoulli_loss(logits, targets),
            Likelihood::Gaussian => squared_error(&self.mean(logits)?, targets),
        }
    }

    /// Negative log-likelihood in nats, summed over features and averaged over the batch. The
    /// Gaussian's variance is 1: half the squared error plus `n/2 ln(2 pi)`.
    pub(crate) fn nats(self, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
        match self.likelihood {
            Likelihood::Bernoulli => bernoulli_loss(logits, targets),
            Likelihood::Gaussian => {
                let constant = 0.5 * targets.dim(1)? as f64 * (2.0 * PI).ln();
                (squared_error(&self.mean(logits)?, targets)? * 0.5)? + constant
            }
        }
    }
}

/// Squared error, summed over features, averaged over the batch.
pub(crate) fn squared_error(means: &Tensor, targets: &Tensor) -> Result<Tensor> {
    (means - targets)?.sqr()?.sum_all()? / targets.dim(0)?.max(1) as f64
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_perfect_gaussian_reconstruction_costs_the_constant_alone() {
        let x = Tensor::new(&[[0.5f32, -1.0, 2.0]], &Device::Cpu).expect("small");
        let gaussian = Observation { likelihood: Likelihood::Gaussian, link: Link::Identity };
        let nats = gaussian.nats(&x, &x).and_then(|nats| nats.to_scalar::<f32>()).expect("a scalar");
        assert!((f64::from(nats) - 1.5 * (2.0 * PI).ln()).abs() < 1e-6, "{nats}");
    }

    #[test]
    fn losses_sum_over_features_and_average_over_the_batch() {
        let x = Tensor::new(&[[1f32, 1.0], [1.0, 1.0]], &Device::Cpu).expect("small");
        let zeros = x.zeros_like().expect("small");
        let gaussian = Observation { likelihood: Likelihood::Gaussian, link: Link::Identity };
        let error = gaussian.error(&zeros, &x).and_then(|error| error.to_scalar::<f32>()).expect("a scalar");
        assert_eq!(error, 2.0);
    }
}
