//! Parameters, gradients and numbers for the tests of what walks over them.

use candle_core::{Device, Tensor};
use ndarray::Array1;

use super::{Gradients, Parameters};
use crate::network::Weights;

/// Parameters of these names and values, each of rank 1.
pub(super) fn parameters(values: &[(&str, Vec<f32>)]) -> Parameters {
    let weights: Weights =
        values.iter().map(|(name, values)| ((*name).to_owned(), Array1::from(values.clone()).into_dyn())).collect();
    Parameters::from_weights(&weights, &Device::Cpu).expect("small")
}

/// Exactly these gradients, in the order of the parameters' names.
pub(super) fn gradients(parameters: &Parameters, gradients: &[Vec<f32>]) -> Gradients {
    let products = parameters.iter().zip(gradients).map(|((_, variable), gradient)| {
        let gradient = Tensor::new(gradient.as_slice(), &Device::Cpu).expect("small");
        (variable.as_tensor() * gradient).and_then(|product| product.sum_all()).expect("equal shapes")
    });
    let loss = products.reduce(|sum, product| (sum + product).expect("scalars")).expect("a parameter");
    parameters.gradients(&loss).expect("differentiable")
}

/// Numbers without a pattern in (-1, 1), the same for the same seed.
pub(super) fn noise(count: usize, seed: u32) -> Vec<f32> {
    (0..count).map(|index| (index as f32 * 12.9898 + seed as f32 * 78.233).sin()).collect()
}

/// The same work on one thread and on three.
pub(crate) fn on_one_and_three_threads<R: Send>(work: impl Fn() -> R + Sync) -> (R, R) {
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a few threads");
        pool.install(&work)
    };
    (on(1), on(3))
}

/// The normal distribution function in 64 bits: by its series near zero, by its continued fraction far out
/// (Abramowitz and Stegun 1964, 26.2.11 and 26.2.14).
pub(super) fn normal_distribution(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let size = x.abs();
    let tail = if size > 3.0 {
        density / (1..200).rev().fold(size, |below, k| size + f64::from(k) / below)
    } else {
        let terms = (1..100).scan(size, |term, k| {
            *term *= size * size / f64::from(2 * k + 1);
            Some(*term)
        });
        0.5 - density * (size + terms.sum::<f64>())
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}
