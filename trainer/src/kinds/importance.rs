//! The importance weighted autoencoder (IWAE): a VAE with a tighter bound (Burda et al. 2016).
//!
//! With `k` samples `z_i` from the posterior, `ln 1/k sum_i p(x|z_i) p(z_i) / q(z_i|x)` is, in expectation, a lower
//! bound of `ln p(x)`. For one sample it is the evidence lower bound. More samples never loosen the bound, and in the
//! limit it equals `ln p(x)`.

use candle_core::{Result, Tensor};

use super::{Batch, LatentPrior, Loss, LossContext, Network, vamp::log_prior_over_posterior};
use crate::{
    candle::{kl_divergence, reparameterise},
    random::normal_like,
};

/// Computes the negative bound for `samples` latent samples per row, in nats, averaged over the batch. Labels, if there
/// are any, are inputs of the encoder and the decoder.
///
/// The components are `reconstruction`, averaged over the samples, and `kl`, in closed form for the standard normal
/// prior and otherwise averaged over the samples. In expectation, their sum
/// is larger than the total, because the importance-weighted bound is tighter than the evidence lower bound.
pub(super) fn importance_loss(
    samples: usize,
    prior: LatentPrior,
    network: &Network<'_>,
    batch: &Batch,
    context: LossContext,
) -> Result<Loss> {
    let (mu, log_var) = network.posterior(batch.inputs(), batch.labels.as_ref())?;
    let rows = mu.dim(0)?;
    // All latent samples of the batch are concatenated: `[samples * batch, ...]`.
    let (means, log_variances) = (mu.repeat((samples, 1))?, log_var.repeat((samples, 1))?);
    let targets = batch.x.repeat((samples, 1))?;
    let labels = batch.labels.as_ref().map(|labels| labels.repeat(samples)).transpose()?;

    let noise = normal_like(&means, &mut context.noise())?;
    let z = reparameterise(network.kernels, &means, &log_variances, &noise)?;
    let nats = network.nats_by_row(&z, labels.as_ref(), &targets)?;
    let log_ratios = log_prior_over_posterior(prior, network, &z, &noise, &log_variances)?;
    let log_weights = (&log_ratios - &nats)?.reshape((samples, rows))?;

    // The log-sum-exp subtracts the largest log weight first, so that no weight overflows.
    let bound = (log_weights.log_sum_exp(0)? - (samples as f64).ln())?;
    let total = mean(&bound.neg()?)?;
    let kl = match prior {
        LatentPrior::Normal => kl_divergence(network.kernels, &mu, &log_var)?,
        LatentPrior::Vamp { .. } => mean(&log_ratios.neg()?)?,
    };
    Ok(Loss { total, parts: vec![("reconstruction", mean(&nats)?), ("kl", kl)] })
}

/// Returns the mean of all values, a scalar.
pub(super) fn mean(values: &Tensor) -> Result<Tensor> {
    values.sum_all()? * (1.0 / values.elem_count().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use narrows_bundle::Likelihood;

    use super::*;
    use crate::kinds::{
        Bound, Divergence, Model, Vae,
        test_network::{TestNetwork, gradients, number, samples},
    };

    const IMPORTANCE: fn(usize) -> Bound = |samples| Bound::ImportanceWeighted { samples };

    fn evidence() -> Bound {
        Bound::Evidence(Divergence::default())
    }

    /// A VAE whose approximate posterior is far from the prior and from the true posterior.
    fn test_network() -> TestNetwork {
        TestNetwork::variational(5, 2, None, Likelihood::Bernoulli)
            .with_weights(|index| 1.5 * (index as f32 * 1.7).cos())
    }

    /// Estimates of the bound for many noise samples, all on the same batch.
    fn bounds(test_network: &TestNetwork, bound: Bound, seed: u64, count: u64) -> Vec<f64> {
        let (network, batch) = (test_network.network(), Batch::new(samples(16, 5), None));
        let model = Vae { bound, ..Vae::default() };
        let loss = |step| model.loss(&network, &batch, LossContext::Training { seed, step, epochs: 0.0 });
        (0..count).map(|step| -number(&loss(step).expect("shapes that fit").total)).collect()
    }

    /// Mean and standard error of the differences.
    fn difference(left: &[f64], right: &[f64]) -> (f64, f64) {
        let count = left.len() as f64;
        let mean = left.iter().zip(right).map(|(left, right)| left - right).sum::<f64>() / count;
        let square = left.iter().zip(right).map(|(left, right)| (left - right - mean).powi(2)).sum::<f64>();
        (mean, (square / (count * (count - 1.0))).sqrt())
    }

    #[test]
    fn with_one_sample_the_bound_is_the_evidence_lower_bound_in_expectation() {
        let test_network = test_network();
        // The same seed gives both the same latent samples, which reduces the variance of the difference.
        let [importance, evidence] = [IMPORTANCE(1), evidence()].map(|bound| bounds(&test_network, bound, 1, 3000));
        let (mean, error) = difference(&importance, &evidence);
        assert!(error < 0.05 && mean.abs() < 4.0 * error, "{mean}, standard error {error}");
    }

    #[test]
    fn more_samples_tighten_the_bound() {
        let test_network = test_network();
        let [one, five, fifty] =
            [1, 5, 50].map(|samples| bounds(&test_network, IMPORTANCE(samples), samples as u64, 300));
        for (fewer, more) in [(&one, &five), (&five, &fifty)] {
            let (mean, error) = difference(more, fewer);
            assert!(mean > 4.0 * error, "{mean}, standard error {error}");
        }
    }

    #[test]
    fn with_the_true_posterior_every_sample_gives_the_exact_likelihood() {
        // x = w z + b + N(0, 1) is N(b, w^2 + 1), and the posterior has a closed form (Bishop 2006, 12.2).
        let (w, b) = (1.5f32, -0.4f32);
        let evidence = w * w + 1.0;
        let test_network = TestNetwork::variational(1, 1, None, Likelihood::Gaussian).with(&[
            ("encoder.mu.weight", &[w / evidence]),
            ("encoder.mu.bias", &[-b * w / evidence]),
            ("encoder.log_var.weight", &[0.0]),
            ("encoder.log_var.bias", &[-evidence.ln()]),
            ("decoder.logits.weight", &[w]),
            ("decoder.logits.bias", &[b]),
        ]);
        let xs = [-2.0f32, 0.3, 1.7];
        let batch = Batch::new(Tensor::new(&xs, &Device::Cpu).and_then(|x| x.reshape((3, 1))).expect("small"), None);
        let density = |x: f32| 0.5 * ((x - b).powi(2) / evidence + (2.0 * std::f32::consts::PI * evidence).ln());
        let exact = f64::from(xs.map(density).iter().sum::<f32>() / 3.0);
        for samples in [1, 4] {
            let context = LossContext::Training { seed: 3, step: 1, epochs: 0.0 };
            let loss = importance_loss(samples, LatentPrior::Normal, &test_network.network(), &batch, context)
                .expect("shapes that fit");
            assert!((number(&loss.total) - exact).abs() < 1e-5, "{} against {exact}", loss.total);
        }
    }

    #[test]
    fn extreme_importance_weights_leave_the_loss_and_its_gradients_finite() {
        let test_network = TestNetwork::variational(5, 2, None, Likelihood::Gaussian)
            .with_weights(|index| 40.0 * (index as f32).sin());
        let batch = Batch::new((samples(8, 5) * 30.0).expect("small"), None);
        let context = LossContext::Training { seed: 3, step: 1, epochs: 0.0 };
        let total = importance_loss(20, LatentPrior::Normal, &test_network.network(), &batch, context)
            .expect("shapes that fit")
            .total;
        assert!(number(&total).is_finite(), "{total}");
        for (name, gradient) in gradients(&test_network.parameters, &total) {
            let gradient: Vec<f32> = gradient.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
            assert!(gradient.iter().all(|value| value.is_finite()), "{name}");
        }
    }

    #[test]
    fn every_latent_sample_keeps_the_label_of_its_row() {
        // The reconstruction depends on the label only, so a row with a wrong label would have a large error.
        let test_network = TestNetwork::variational(3, 1, Some(3), Likelihood::Gaussian)
            .with_weights(|_| 0.0)
            .with(&[("decoder.logits.label.weight", &[9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0])]);
        let labels = Tensor::new(&[2i64, 0, 1], &Device::Cpu).expect("small");
        let x = Tensor::new(&[[0f32, 0.0, 9.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]], &Device::Cpu).expect("small");
        let context = LossContext::Training { seed: 3, step: 1, epochs: 0.0 };
        let loss =
            importance_loss(4, LatentPrior::Normal, &test_network.network(), &Batch::new(x, Some(labels)), context)
                .expect("labels that fit");
        let constant = 1.5 * (2.0 * std::f64::consts::PI).ln();
        assert!((number(&loss.parts[0].1) - constant).abs() < 1e-5, "{}", loss.parts[0].1);
    }
}
