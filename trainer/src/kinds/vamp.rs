//! The VampPrior: a mixture of the posteriors of pseudo-inputs (Tomczak and Welling 2018).
//!
//! The best prior for the evidence lower bound is the aggregate posterior, the mean of `q(z|x)` over the data. The
//! VampPrior approximates it by the mean over `K` pseudo-inputs, `p(z) = 1/K sum_k q(z|u_k)`. They have the shape of
//! samples, pass through the same encoder in every step, and are trained with the weights. The KL divergence then has
//! no closed form; it is estimated by `ln q(z|x) - ln p(z)` at the latent samples.
//!
//! Where the data has a range, because the decoder ends with a sigmoid, pseudo-inputs are kept in it:
//! `u = sigmoid(4 t)` of the trained values `t`. The factor makes the largest slope 1, so that a step changes a
//! pseudo-input by about as much as it changes a weight. Other pseudo-inputs are trained directly. Those of a
//! conditional model have the classes in turn: pseudo-input `k` has the class `k mod classes`.

use std::f64::consts::PI;

use candle_core::{D, Device, Result, Tensor};
use narrows_bundle::Link;

use super::{LatentPrior, Network};
use crate::{
    candle::{Parameters, mixture_log_density, scaled_sigmoid},
    network::{Graph, InputKind},
};

/// Name of the parameter, `[pseudo-inputs, features]`.
pub(crate) const PSEUDO_INPUTS: &str = "prior.pseudo_inputs";

/// Factor between the trained values and the argument of the sigmoid.
const SLOPE: f32 = 4.0;

/// Distance of the first pseudo-inputs from the ends of the range, where the slope of the sigmoid would be 0.
const MARGIN: f32 = 0.05;

/// Converts scaled samples, `[pseudo-inputs, features]`, to the trained values of pseudo-inputs near them.
pub(crate) fn trained_values(samples: &Tensor, link: Link) -> Result<Tensor> {
    match link {
        Link::Identity => Ok(samples.clone()),
        Link::Sigmoid => {
            let logit = |value: f32| {
                let inside = MARGIN + (1.0 - 2.0 * MARGIN) * value.clamp(0.0, 1.0);
                (inside / (1.0 - inside)).ln() / SLOPE
            };
            let values: Vec<f32> = samples.flatten_all()?.to_vec1::<f32>()?.into_iter().map(logit).collect();
            Tensor::from_vec(values, samples.shape(), samples.device())
        }
    }
}

/// Returns the class of each pseudo-input, `[pseudo-inputs]`, on a device; `None` for an encoder that takes no labels.
pub(crate) fn classes_in_turn(encoder: &Graph, count: usize, device: &Device) -> Result<Option<Tensor>> {
    let Some(classes) = class_count(encoder) else { return Ok(None) };
    let classes: Vec<i64> = (0..count).map(|index| (index % classes.max(1)) as i64).collect();
    Tensor::from_vec(classes, count, device).map(Some)
}

/// Returns the number of classes of an encoder that takes labels.
pub(crate) fn class_count(encoder: &Graph) -> Option<usize> {
    let classes = encoder.nodes().iter().filter_map(|node| match node.primitive.operation().input_kind(0) {
        InputKind::Labels { classes } => Some(classes),
        InputKind::Floats | InputKind::Categories => None,
    });
    classes.min()
}

/// Returns the posteriors of the pseudo-inputs, the components of the prior: `mu` and `log_var`, each
/// `[pseudo-inputs, latent]`.
pub(crate) fn components(network: &Network<'_>) -> Result<(Tensor, Tensor)> {
    let values = pseudo_input_values(network.parameters)?;
    let inputs = match network.output_distribution.link {
        Link::Identity => values,
        Link::Sigmoid => scaled_sigmoid(network.kernels, &values, SLOPE)?,
    };
    let labels = classes_in_turn(network.encoder, inputs.dim(0)?, inputs.device())?;
    network.posterior(&inputs, labels.as_ref())
}

fn pseudo_input_values(parameters: &Parameters) -> Result<Tensor> {
    parameters.tensor(PSEUDO_INPUTS)
}

/// Computes `ln p(z) - ln q(z|x)` of every row in nats for `z = mu + sigma * eps`, where `log_var` is that of `q(z|x)`.
///
/// For the standard normal prior it is `1/2 sum(eps^2 + log_var - z^2)`, because the constants `ln(2 pi)` cancel. Using
/// `eps` instead of `(z - mu) / sigma` avoids a loss of precision for small sigma.
pub(super) fn log_prior_over_posterior(
    prior: LatentPrior,
    network: &Network<'_>,
    z: &Tensor,
    eps: &Tensor,
    log_var: &Tensor,
) -> Result<Tensor> {
    match prior {
        LatentPrior::Normal => ((eps.sqr()? + log_var)? - z.sqr()?)?.sum(D::Minus1)? * 0.5,
        LatentPrior::Vamp { .. } => {
            let (means, log_variances) = components(network)?;
            let log_prior = mixture_log_density(network.kernels, z, &means, &log_variances)?;
            let constant = 0.5 * z.dim(D::Minus1)? as f64 * (2.0 * PI).ln();
            log_prior + (((eps.sqr()? + log_var)?.sum(D::Minus1)? * 0.5)? + constant)?
        }
    }
}

#[cfg(test)]
mod tests {
    use narrows_bundle::Likelihood;

    use super::*;
    use crate::kinds::{
        Batch, Bound, Divergence, LossContext, Model, Vae,
        test_network::{TestNetwork, gradients, number, samples},
    };

    const VAMP: LatentPrior = LatentPrior::Vamp { components: 3 };

    /// A VAE with three pseudo-inputs.
    fn test_network(likelihood: Likelihood, classes: Option<usize>) -> TestNetwork {
        let mut test_network = TestNetwork::variational(5, 2, classes, likelihood);
        let link = test_network.output_distribution.link;
        let values = trained_values(&samples(3, 5), link).expect("small");
        test_network.parameters.insert(PSEUDO_INPUTS, &values).expect("small");
        test_network
    }

    fn vae(bound: Bound) -> Vae {
        Vae { bound, prior: VAMP, ..Vae::default() }
    }

    #[test]
    fn pseudo_inputs_start_near_their_samples_and_inside_the_range() {
        let test_network = test_network(Likelihood::Bernoulli, None);
        let values = pseudo_input_values(&test_network.parameters).expect("inserted");
        let inputs: Vec<f32> = values.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
        let expected: Vec<f32> = samples(3, 5).flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
        for (value, sample) in inputs.iter().zip(expected) {
            let input = 1.0 / (1.0 + (-SLOPE * value).exp());
            assert!((input - sample).abs() <= MARGIN + 1e-6 && input > 0.0 && input < 1.0, "{input} for {sample}");
        }
    }

    #[test]
    fn the_loss_is_the_bound_with_the_mixture_as_the_prior() {
        for likelihood in [Likelihood::Bernoulli, Likelihood::Gaussian] {
            let test_network = test_network(likelihood, None);
            let network = test_network.network();
            let batch = Batch::new(samples(4, 5), None);
            let context = LossContext::Training { seed: 3, step: 1, epochs: 0.0 };
            let evidence = vae(Bound::Evidence(Divergence::default())).loss(&network, &batch, context);
            let importance = vae(Bound::ImportanceWeighted { samples: 1 }).loss(&network, &batch, context);
            // The same seed gives the same latent samples, so both bounds are the same estimate.
            let [evidence, importance] = [evidence, importance].map(|loss| number(&loss.expect("a loss").total));
            assert!((evidence - importance).abs() < 1e-4, "{evidence} against {importance}");
        }
    }

    #[test]
    fn pseudo_inputs_and_the_encoder_receive_a_gradient_that_matches_a_finite_difference() {
        let test_network = test_network(Likelihood::Bernoulli, Some(2));
        let labels = Some(Tensor::new(&[0i64, 1, 1, 0], &Device::Cpu).expect("small"));
        let batch = Batch::new(samples(4, 5), labels);
        let context = LossContext::Training { seed: 3, step: 1, epochs: 0.0 };
        let model = vae(Bound::Evidence(Divergence::default()));
        let loss = |parameters: &Parameters| {
            let network = Network { parameters, ..test_network.network() };
            model.loss(&network, &batch, context).expect("a loss").total
        };
        let all = gradients(&test_network.parameters, &loss(&test_network.parameters));
        for name in [PSEUDO_INPUTS, "encoder.mu.weight", "encoder.log_var.weight"] {
            let gradient: Vec<f32> = all[name].flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
            for at in [0, 3, 7] {
                let shifted = |step: f32| {
                    let mut weights = test_network.parameters.to_weights().expect("on the CPU");
                    let array = weights.get_mut(name).expect("a parameter of this name");
                    *array.iter_mut().nth(at).expect("enough values") += step;
                    let parameters = Parameters::from_weights(&weights, &Device::Cpu).expect("small");
                    number(&loss(&parameters))
                };
                let difference = (shifted(1e-2) - shifted(-1e-2)) / 2e-2;
                // The loss is about 5 in 32-bit floats, so a difference has an error of about 1e-4.
                let error = (f64::from(gradient[at]) - difference).abs();
                assert!(error < 1e-3 + 0.01 * difference.abs(), "{name} {at}: {} against {difference}", gradient[at]);
            }
        }
    }
}
