//! A small network for tests of losses.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use narrows_bundle::{Likelihood, Link};

use super::{Model, Network, Vae};
use crate::{
    candle::{Kernels, Parameters},
    likelihood::OutputDistribution,
    network::{Activation, Graph, Normalisation, Weights, builder::Builder},
    variance::Variance,
};

/// An encoder and a decoder with their weights.
pub(crate) struct TestNetwork {
    pub(crate) encoder: Graph,
    pub(crate) decoder: Graph,
    pub(crate) parameters: Parameters,
    pub(crate) output_distribution: OutputDistribution,
}

impl TestNetwork {
    /// Creates an autoencoder with tanh layers and a Gaussian likelihood of variance 1.
    pub(crate) fn gaussian(features: usize, hidden: &[usize], latent_dim: usize) -> Self {
        let mlp = mlp(features, hidden, latent_dim, None);
        TestNetwork::new(mlp.encoder().expect("valid widths"), &mlp, Likelihood::Gaussian)
    }

    /// Creates a variational autoencoder without hidden layers.
    pub(crate) fn variational(
        features: usize,
        latent_dim: usize,
        classes: Option<usize>,
        likelihood: Likelihood,
    ) -> Self {
        let mlp = mlp(features, &[], latent_dim, classes);
        TestNetwork::new(Vae::default().encoder(&mlp).expect("valid widths"), &mlp, likelihood)
    }

    fn new(encoder: Graph, mlp: &Builder, likelihood: Likelihood) -> Self {
        let decoder = mlp.decoder().expect("valid widths");
        let parameters = Parameters::initial(&[&encoder, &decoder], 1, &Device::Cpu).expect("small");
        let link = match likelihood {
            Likelihood::Bernoulli => Link::Sigmoid,
            Likelihood::Gaussian | Likelihood::Columns => Link::Identity,
        };
        let output_distribution = OutputDistribution { likelihood, link, variance: Variance::default() };
        TestNetwork { encoder, decoder, parameters, output_distribution }
    }

    /// Replaces all parameters by values that are a function of the index in each tensor.
    pub(crate) fn with_weights(mut self, value: fn(usize) -> f32) -> Self {
        let initial = Parameters::initial(&[&self.encoder, &self.decoder], 1, &Device::Cpu).expect("small");
        let mut weights = initial.to_weights().expect("on the CPU");
        for array in weights.values_mut() {
            array.iter_mut().enumerate().for_each(|(index, entry)| *entry = value(index));
        }
        self.parameters = Parameters::from_weights(&weights, &Device::Cpu).expect("small");
        self
    }

    /// Replaces the tensors with the given names by the given values.
    pub(crate) fn with(mut self, values: &[(&str, &[f32])]) -> Self {
        let mut weights: Weights = self.parameters.to_weights().expect("on the CPU");
        for (name, values) in values {
            let array = weights.get_mut(*name).expect("a parameter of this name");
            assert_eq!(array.len(), values.len(), "{name}");
            array.iter_mut().zip(*values).for_each(|(entry, value)| *entry = *value);
        }
        self.parameters = Parameters::from_weights(&weights, &Device::Cpu).expect("small");
        self
    }

    pub(crate) fn network(&self) -> Network<'_> {
        Network {
            encoder: &self.encoder,
            decoder: &self.decoder,
            parameters: &self.parameters,
            output_distribution: self.output_distribution,
            kernels: Kernels::Fused,
            below: None,
            table: None,
        }
    }
}

fn mlp(features: usize, hidden: &[usize], latent_dim: usize, classes: Option<usize>) -> Builder {
    Builder {
        convolutions: None,
        features,
        hidden: hidden.to_vec(),
        latent_dim,
        normalisation: Normalisation::None,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        classes,
    }
}

/// Returns the gradients of `loss` by parameter name; parameters without a gradient are left out.
pub(crate) fn gradients(parameters: &Parameters, loss: &Tensor) -> BTreeMap<String, Tensor> {
    let gradients = parameters.gradients(loss).expect("a scalar");
    let named = |gradients: &[Option<&[f32]>]| {
        let tensor = |values: &[f32], shape| {
            Tensor::from_slice(values, shape, &Device::Cpu).expect("as many values as the shape has")
        };
        let pairs = parameters.iter().zip(gradients);
        pairs
            .filter_map(|((name, variable), values)| Some((name.to_owned(), tensor((*values)?, variable.shape()))))
            .collect()
    };
    gradients.read(named).expect("floats")
}

/// Returns smooth values in `[0, 1]`, `[rows, columns]`.
pub(crate) fn samples(rows: usize, columns: usize) -> Tensor {
    let values = (0..rows * columns).map(|index| 0.5 + 0.5 * (index as f32 * 0.9).sin()).collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu).expect("as many values as the shape has")
}

/// Converts a scalar tensor to a number.
pub(crate) fn number(tensor: &Tensor) -> f64 {
    f64::from(tensor.to_scalar::<f32>().expect("a scalar"))
}
