//! Example parameters and gradients for tests.

use candle_core::{Device, Tensor};
use ndarray::Array1;

use super::{Gradients, Parameters};
use crate::network::Weights;

/// Creates parameters of rank 1 with these names and values.
pub(super) fn parameters(values: &[(&str, Vec<f32>)]) -> Parameters {
    let weights: Weights =
        values.iter().map(|(name, values)| ((*name).to_owned(), Array1::from(values.clone()).into_dyn())).collect();
    Parameters::from_weights(&weights, &Device::Cpu).expect("small")
}

/// Creates gradients with exactly these values, in the order of the parameters' names.
pub(super) fn gradients(parameters: &Parameters, gradients: &[Vec<f32>]) -> Gradients {
    let products = parameters.iter().zip(gradients).map(|((_, variable), gradient)| {
        let gradient = Tensor::new(gradient.as_slice(), &Device::Cpu).expect("small");
        (variable.as_tensor() * gradient).and_then(|product| product.sum_all()).expect("equal shapes")
    });
    let loss = products.reduce(|sum, product| (sum + product).expect("scalars")).expect("a parameter");
    parameters.gradients(&loss).expect("differentiable")
}
