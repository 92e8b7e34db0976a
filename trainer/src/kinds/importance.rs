//! The importance weighted autoencoder: a VAE whose bound is tighter (Burda et al. 2016).
//!
//! With `k` draws from the posterior, `ln 1/k sum_i p(x|z_i) p(z_i) / q(z_i|x)` is, in expectation, a lower
//! bound of `ln p(x)`. For one draw it is the evidence lower bound; more draws never loosen it, and in
//! the limit it is `ln p(x)` itself.

use candle_core::{D, Result, Tensor};

use super::{Batch, Draw, Loss, Network};
use crate::{
    candle::{kl_divergence, reparameterise},
    random::normal_like,
};

/// The negative bound of `samples` draws in nats, averaged over the batch; with labels, both halves get
/// them.
///
/// Its parts are means over the draws: `reconstruction`, and `kl` in closed form. They do not add up to
/// the total, which lies below their sum by what the draws tighten.
pub(super) fn importance_loss(samples: usize, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
    let (mu, log_var) = network.posterior(&batch.x, batch.labels.as_ref())?;
    let rows = mu.dim(0)?;
    // All draws of the batch behind one another: `[samples * batch, ...]`.
    let (means, log_variances) = (mu.repeat((samples, 1))?, log_var.repeat((samples, 1))?);
    let targets = batch.x.repeat((samples, 1))?;
    let labels = batch.labels.as_ref().map(|labels| labels.repeat(samples)).transpose()?;

    let noise = normal_like(&means, &mut draw.noise())?;
    let z = reparameterise(network.kernels, &means, &log_variances, &noise)?;
    let nats = network.nats_by_row(&z, labels.as_ref(), &targets)?;
    let log_weights = (log_prior_over_posterior(&z, &noise, &log_variances)? - &nats)?.reshape((samples, rows))?;

    // The log-sum-exp takes the largest weight out, so that no weight overflows.
    let bound = (log_weights.log_sum_exp(0)? - (samples as f64).ln())?;
    let total = mean(&bound.neg()?)?;
    let kl = kl_divergence(network.kernels, &mu, &log_var)?;
    Ok(Loss { total, parts: vec![("reconstruction", mean(&nats)?), ("kl", kl)] })
}

/// `ln p(z) - ln q(z|x)` by row for `z = mu + sigma * eps`: `1/2 sum(eps^2 + log_var - z^2)`. The constants
/// `ln(2 pi)` cancel, and `eps` in the place of `(z - mu) / sigma` loses nothing when sigma is small.
fn log_prior_over_posterior(z: &Tensor, eps: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    ((eps.sqr()? + log_var)? - z.sqr()?)?.sum(D::Minus1)? * 0.5
}

fn mean(of_rows: &Tensor) -> Result<Tensor> {
    of_rows.sum_all()? * (1.0 / of_rows.elem_count().max(1) as f64)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use narrows_bundle::Likelihood;

    use super::*;
    use crate::kinds::{
        Bound, Divergence, Model, Vae,
        trial::{Trial, gradients, number, samples},
    };

    const IMPORTANCE: fn(usize) -> Bound = |samples| Bound::ImportanceWeighted { samples };

    fn evidence() -> Bound {
        Bound::Evidence(Divergence::default())
    }

    /// A VAE whose posterior is far from the prior and from the truth.
    fn trial() -> Trial {
        Trial::variational(5, 2, None, Likelihood::Bernoulli).with_weights(|index| 1.5 * (index as f32 * 1.7).cos())
    }

    /// The bound in many draws, on always the same batch.
    fn bounds(trial: &Trial, bound: Bound, seed: u64, draws: u64) -> Vec<f64> {
        let (network, batch) = (trial.network(), Batch { x: samples(16, 5), labels: None });
        let model = Vae { bound, ..Vae::default() };
        let loss = |step| model.loss(&network, &batch, Draw::Training { seed, step, epochs: 0.0 });
        (0..draws).map(|step| -number(&loss(step).expect("shapes that fit").total)).collect()
    }

    /// Mean and standard error of the differences.
    fn difference(left: &[f64], right: &[f64]) -> (f64, f64) {
        let count = left.len() as f64;
        let mean = left.iter().zip(right).map(|(left, right)| left - right).sum::<f64>() / count;
        let square = left.iter().zip(right).map(|(left, right)| (left - right - mean).powi(2)).sum::<f64>();
        (mean, (square / (count * (count - 1.0))).sqrt())
    }

    #[test]
    fn with_one_draw_the_bound_is_the_evidence_lower_bound_in_expectation() {
        let trial = trial();
        // The same seed: the same codes are drawn for both, which leaves less spread.
        let [importance, evidence] = [IMPORTANCE(1), evidence()].map(|bound| bounds(&trial, bound, 1, 3000));
        let (mean, error) = difference(&importance, &evidence);
        assert!(error < 0.05 && mean.abs() < 4.0 * error, "{mean}, standard error {error}");
    }

    #[test]
    fn more_draws_tighten_the_bound() {
        let trial = trial();
        let [one, five, fifty] = [1, 5, 50].map(|samples| bounds(&trial, IMPORTANCE(samples), samples as u64, 300));
        for (fewer, more) in [(&one, &five), (&five, &fifty)] {
            let (mean, error) = difference(more, fewer);
            assert!(mean > 4.0 * error, "{mean}, standard error {error}");
        }
    }

    #[test]
    fn with_the_true_posterior_every_draw_gives_the_likelihood_itself() {
        // x = w z + b + N(0, 1) is N(b, w^2 + 1), and the posterior has a closed form (Bishop 2006, 12.2).
        let (w, b) = (1.5f32, -0.4f32);
        let evidence = w * w + 1.0;
        let trial = Trial::variational(1, 1, None, Likelihood::Gaussian).with(&[
            ("encoder.mu.weight", &[w / evidence]),
            ("encoder.mu.bias", &[-b * w / evidence]),
            ("encoder.log_var.weight", &[0.0]),
            ("encoder.log_var.bias", &[-evidence.ln()]),
            ("decoder.logits.weight", &[w]),
            ("decoder.logits.bias", &[b]),
        ]);
        let xs = [-2.0f32, 0.3, 1.7];
        let batch =
            Batch { x: Tensor::new(&xs, &Device::Cpu).and_then(|x| x.reshape((3, 1))).expect("small"), labels: None };
        let density = |x: f32| 0.5 * ((x - b).powi(2) / evidence + (2.0 * std::f32::consts::PI * evidence).ln());
        let exact = f64::from(xs.map(density).iter().sum::<f32>() / 3.0);
        for samples in [1, 4] {
            let draw = Draw::Training { seed: 3, step: 1, epochs: 0.0 };
            let loss = importance_loss(samples, &trial.network(), &batch, draw).expect("shapes that fit");
            assert!((number(&loss.total) - exact).abs() < 1e-5, "{} against {exact}", loss.total);
        }
    }

    #[test]
    fn weights_that_are_worlds_apart_leave_the_loss_and_its_gradients_finite() {
        let trial =
            Trial::variational(5, 2, None, Likelihood::Gaussian).with_weights(|index| 40.0 * (index as f32).sin());
        let batch = Batch { x: (samples(8, 5) * 30.0).expect("small"), labels: None };
        let draw = Draw::Training { seed: 3, step: 1, epochs: 0.0 };
        let total = importance_loss(20, &trial.network(), &batch, draw).expect("shapes that fit").total;
        assert!(number(&total).is_finite(), "{total}");
        for (name, gradient) in gradients(&trial.parameters, &total) {
            let gradient: Vec<f32> = gradient.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
            assert!(gradient.iter().all(|value| value.is_finite()), "{name}");
        }
    }

    #[test]
    fn every_draw_keeps_the_label_of_its_sample() {
        // The label alone decides the reconstruction: a row with another's label would be far off.
        let trial = Trial::variational(3, 1, Some(3), Likelihood::Gaussian)
            .with_weights(|_| 0.0)
            .with(&[("decoder.logits.label.weight", &[9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0])]);
        let labels = Tensor::new(&[2i64, 0, 1], &Device::Cpu).expect("small");
        let x = Tensor::new(&[[0f32, 0.0, 9.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]], &Device::Cpu).expect("small");
        let draw = Draw::Training { seed: 3, step: 1, epochs: 0.0 };
        let loss =
            importance_loss(4, &trial.network(), &Batch { x, labels: Some(labels) }, draw).expect("labels that fit");
        let constant = 1.5 * (2.0 * std::f64::consts::PI).ln();
        assert!((number(&loss.parts[0].1) - constant).abs() < 1e-5, "{}", loss.parts[0].1);
    }
}
