//! Parameters and gradients for the tests of what walks over them.

use candle_core::{Device, Tensor, backprop::GradStore};
use ndarray::Array1;

use super::Parameters;
use crate::network::Weights;

/// Parameters of these names and values, each of rank 1.
pub(super) fn parameters(values: &[(&str, Vec<f32>)]) -> Parameters {
    let weights: Weights =
        values.iter().map(|(name, values)| ((*name).to_owned(), Array1::from(values.clone()).into_dyn())).collect();
    Parameters::from_weights(&weights, &Device::Cpu).expect("small")
}

/// Exactly these gradients, in the order of the parameters' names.
pub(super) fn gradients(parameters: &Parameters, gradients: &[Vec<f32>]) -> GradStore {
    let products = parameters.iter().zip(gradients).map(|((_, variable), gradient)| {
        let gradient = Tensor::new(gradient.as_slice(), &Device::Cpu).expect("small");
        (variable.as_tensor() * gradient).and_then(|product| product.sum_all()).expect("equal shapes")
    });
    let loss = products.reduce(|sum, product| (sum + product).expect("scalars")).expect("a parameter");
    loss.backward().expect("differentiable")
}

/// Numbers without a pattern in (-1, 1), the same for the same seed.
pub(super) fn noise(count: usize, seed: u32) -> Vec<f32> {
    (0..count).map(|index| (index as f32 * 12.9898 + seed as f32 * 78.233).sin()).collect()
}

/// The same work on one thread and on three.
pub(super) fn on_one_and_three_threads<R: Send>(work: impl Fn() -> R + Sync) -> (R, R) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
        pool.install(&work)
    };
    (on(1), on(3))
}
