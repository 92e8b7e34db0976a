//! Tests that fused and composed kernels give the same loss and the same gradients for every kind.

use candle_core::{Device, Tensor};
use narrows_bundle::{Likelihood, Link};

use super::{
    Ae, Batch, Bound, Capacity, CodeLayer, CodePenalty, Condition, Corruption, Dae, Divergence, LossContext, Model,
    Network, Vae, Wae, objective_loss,
    test_network::{gradients, number, samples},
};
use crate::{
    candle::{Kernels, Parameters, tie_decoder},
    likelihood::OutputDistribution,
    network::{Activation, Convolutions, Normalisation, Pooling, SampleMap, builder::Builder},
    variance::Variance,
};

/// Number of rows of the batch: several blocks in the forward and the backward pass, with an incomplete last block.
const ROWS: usize = 150;
const FEATURES: usize = 37;

struct Case {
    model: Box<dyn Model + Sync>,
    convolutions: Option<Convolutions>,
    hidden: Vec<usize>,
    normalisation: Normalisation,
    activation: Activation,
    likelihood: Likelihood,
    link: Link,
    variance: Variance,
    l2: f64,
}

impl Case {
    fn of(model: impl Model + Sync + 'static) -> Self {
        Case {
            model: Box::new(model),
            convolutions: None,
            hidden: vec![24, 11],
            normalisation: Normalisation::None,
            activation: Activation::Tanh,
            likelihood: Likelihood::Bernoulli,
            link: Link::Sigmoid,
            variance: Variance::default(),
            l2: 0.0,
        }
    }

    /// The same with convolutions for samples of this shape.
    fn conv(self, shape: &[usize], filters: &[usize], stride: usize) -> Self {
        let sample = SampleMap::of_image(shape).expect("a shape of images");
        Case { convolutions: Some(Convolutions::new(sample, filters, 3, stride)), ..self }
    }

    /// The same for series of a shape, with a residual block after each convolution.
    fn residual_series(self, shape: &[usize], filters: &[usize]) -> Self {
        let sample = SampleMap::of_series(shape).expect("a shape of series");
        let convolutions = Some(Convolutions { blocks: 1, ..Convolutions::new(sample, filters, 3, 2) });
        Case { convolutions, ..self }
    }

    fn pooled(self, pooling: Pooling) -> Self {
        let convolutions =
            self.convolutions.map(|convolutions| Convolutions { pooling: Some(pooling), ..convolutions });
        Case { convolutions, ..self }
    }

    fn normalised(self, normalisation: Normalisation) -> Self {
        Case { normalisation, ..self }
    }

    fn features(&self) -> usize {
        self.convolutions.as_ref().map_or(FEATURES, |maps| maps.sample.features())
    }

    fn gaussian(self, link: Link, variance: Variance) -> Self {
        Case { likelihood: Likelihood::Gaussian, link, variance, ..self }
    }

    /// The loss, its parts, and the gradients of all parameters.
    fn run(&self, kernels: Kernels, classes: Option<usize>) -> (Vec<f64>, Vec<(String, Vec<f32>)>) {
        let (hidden, activation) = (self.hidden.clone(), self.activation);
        let CodeLayer { activation: latent_activation, tied } = self.model.code_layer();
        let mlp = Builder {
            convolutions: self.convolutions.clone(),
            features: self.features(),
            hidden,
            latent_dim: 5,
            normalisation: self.normalisation,
            activation,
            latent_activation,
            classes,
        };
        let encoder = self.model.encoder(&mlp).expect("valid widths");
        let decoder = mlp.decoder().expect("valid widths");
        let mut parameters = Parameters::initial(&[&encoder, &decoder], 3, &Device::Cpu).expect("small");
        if tied {
            tie_decoder(&mut parameters, &encoder, &decoder).expect("a decoder that mirrors the encoder");
        }
        self.variance.add_parameter(&mut parameters, &Device::Cpu).expect("small");
        let output_distribution =
            OutputDistribution { likelihood: self.likelihood, link: self.link, variance: self.variance };
        let network = Network {
            encoder: &encoder,
            decoder: &decoder,
            parameters: &parameters.in_training(),
            output_distribution,
            kernels,
            below: None,
            table: None,
        };
        let labels = classes.map(|classes| {
            let labels: Vec<i64> = (0..ROWS).map(|row| (row * 7 % classes) as i64).collect();
            Tensor::from_vec(labels, ROWS, &Device::Cpu).expect("small")
        });
        let batch = Batch::new(samples(ROWS, self.features()), labels);
        let context = LossContext::Training { seed: 5, step: 3, epochs: 0.5 };
        let loss = objective_loss(&*self.model, self.l2, &network, &batch, context).expect("shapes that fit");
        // A second backward pass must not be affected by the first one.
        drop(parameters.gradients(&loss.total).expect("differentiable"));
        let named = gradients(&parameters, &loss.total)
            .into_iter()
            .map(|(name, gradient)| (name, gradient.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats")));
        let losses = [number(&loss.total)].into_iter().chain(loss.parts.iter().map(|(_, part)| number(part)));
        (losses.collect(), named.collect())
    }
}

fn cases() -> Vec<(&'static str, Case, Option<usize>)> {
    let penalty = CodePenalty { l1: 0.02, contractive: 0.05 };
    let elbo = |divergence| Vae { bound: Bound::Evidence(divergence), ..Vae::default() };
    let iwae = Vae { bound: Bound::ImportanceWeighted { samples: 3 }, ..Vae::default() };
    let cvae = Vae { condition: Condition::Class, ..Vae::default() };
    let tied = CodeLayer { tied: true, ..CodeLayer::default() };
    let active = CodeLayer { activation: Activation::Sigmoid, tied: true };
    let penalised = Ae { penalty, ..Ae::default() };
    let beta = Divergence { beta: 3.0, ..Divergence::default() };
    let capacity = Divergence { capacity: Some(Capacity { nats: 4.0, epochs: 2.0 }), ..Divergence::default() };
    let mut cases = vec![
        ("ae", Case::of(Ae::default()), None),
        ("ae, penalties", Case { l2: 0.01, ..Case::of(penalised) }, None),
        ("ae, no hidden layer", Case { hidden: vec![], ..Case::of(Ae::default()) }, None),
        ("ae, convolutions", Case { hidden: vec![], ..Case::of(Ae::default()).conv(&[9, 7, 2], &[4, 5], 2) }, None),
        ("ae, convolutions and a hidden layer", Case::of(penalised).conv(&[12, 12], &[3], 3), None),
        ("vae, convolutions of a series", Case::of(Vae::default()).conv(&[21], &[4, 6], 2), None),
        ("cvae, convolutions", Case::of(cvae).conv(&[6, 10], &[4, 2], 2), Some(3)),
        ("ae, batch normalisation", Case::of(Ae::default()).normalised(Normalisation::Batch), None),
        ("cvae, layer normalisation", Case::of(cvae).normalised(Normalisation::Layer), Some(4)),
        (
            "cvae, convolutions and batch normalisation",
            Case::of(cvae).conv(&[9, 7, 2], &[4, 5], 2).normalised(Normalisation::Batch),
            Some(3),
        ),
        (
            "vae, convolutions and layer normalisation",
            Case::of(Vae::default()).conv(&[9, 7, 2], &[4, 5], 2).normalised(Normalisation::Layer),
            None,
        ),
        ("ae, max pooling", Case::of(Ae::default()).conv(&[9, 7, 2], &[4, 5], 2).pooled(Pooling::Max), None),
        ("vae, average pooling", Case::of(Vae::default()).conv(&[8, 5], &[4], 3).pooled(Pooling::Average), None),
        ("ae, residual blocks", Case::of(Ae::default()).residual_series(&[3, 17], &[4, 5]), None),
        (
            "iwae, residual blocks and batch normalisation",
            Case::of(iwae).residual_series(&[2, 13], &[4]).normalised(Normalisation::Batch),
            None,
        ),
        ("ae, tied", Case { l2: 0.01, ..Case::of(Ae { code: tied, ..Ae::default() }) }, None),
        ("ae, activated code", Case::of(Ae { code: active, penalty }), None),
        ("ae, squared error", Case::of(Ae::default()).gaussian(Link::Identity, Variance::default()), None),
        ("ae, squared error of sigmoid", Case::of(Ae::default()).gaussian(Link::Sigmoid, Variance::default()), None),
        ("dae", Case::of(Dae { corruption: Corruption::Gaussian(0.2), ae: penalised }), None),
        ("wae", Case::of(Wae { mmd: 10.0 }), None),
        ("vae", Case::of(Vae::default()), None),
        ("vae, beta", Case::of(elbo(beta)), None),
        ("vae, free bits", Case::of(elbo(Divergence { free_bits: 0.1, ..Divergence::default() })), None),
        ("vae, capacity", Case::of(elbo(capacity)), None),
        ("vae, variance", Case::of(Vae::default()).gaussian(Link::Identity, Variance::Fixed(0.1)), None),
        ("vae, learned variance", Case::of(Vae::default()).gaussian(Link::Sigmoid, Variance::Learned), None),
        ("iwae", Case::of(iwae), None),
        ("iwae, variance", Case::of(iwae).gaussian(Link::Identity, Variance::Learned), None),
        ("cvae", Case::of(cvae), Some(4)),
        ("cvae, no hidden layer", Case { hidden: vec![], ..Case::of(Vae { bound: iwae.bound, ..cvae }) }, Some(3)),
    ];
    let activations =
        Activation::ALL.map(|activation| (activation.name(), Case { activation, ..Case::of(Ae::default()) }, None));
    cases.extend(activations);
    cases
}

#[test]
fn fused_and_composed_kernels_have_the_same_losses_and_gradients() {
    for (name, case, classes) in cases() {
        let (losses, gradients) = case.run(Kernels::Fused, classes);
        let (expected_losses, expected) = case.run(Kernels::Composed, classes);
        for (loss, expected) in losses.iter().zip(&expected_losses) {
            assert!((loss - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{name}: {loss} against {expected}");
        }
        for ((parameter, actual), (_, expected)) in gradients.iter().zip(&expected) {
            assert_eq!(actual.len(), expected.len(), "{name}: {parameter}");
            let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
            assert!(largest > 0.0, "{name}: the loss does not depend on {parameter}");
            for (actual, expected) in actual.iter().zip(expected) {
                let error = (actual - expected).abs();
                assert!(error <= 1e-5 * largest.max(1.0), "{name}: {parameter} {actual} against {expected}");
            }
        }
    }
}

#[test]
fn losses_and_gradients_are_bit_identical_for_any_number_of_threads() {
    for (name, case, classes) in cases() {
        let (one, three) = crate::numeric::example::on_one_and_three_threads(|| case.run(Kernels::Fused, classes));
        assert!(one == three, "{name}");
    }
}
