//! Activations and their derivatives over slices, on one core.
//!
//! At points without a derivative and for NaN they match Candle's operations: ReLU maps NaN to zero and has the
//! derivative 1 at zero; leaky ReLU has the mean of its two slopes there.

use super::Activation;
use crate::{
    network::kernel::{BackwardContext, Kernel, KernelInput, exactly},
    numeric::{Matrix, Write, chain, exp, map, normal, sigmoid, tanh},
};

/// `1 / sqrt(2 pi)`, the normal density at zero.
const DENSITY_AT_ZERO: f32 = 0.398_942_3;

impl Kernel for Activation {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        activate(*self, x.floats(), y);
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(context.inputs);
        activation_gradient(*self, x.floats(), context.y, context.dy, dx, how);
    }
}

/// Computes `y = f(x)` for slices of equal length.
pub(crate) fn activate(activation: Activation, x: &[f32], y: &mut [f32]) {
    match activation {
        Activation::Identity => map(x, y, |x| x),
        Activation::Relu => map(x, y, |x| if x > 0.0 { x } else { 0.0 }),
        Activation::LeakyRelu => map(x, y, |x| if x > 0.0 { x } else { Activation::LEAKY_SLOPE * x }),
        Activation::Elu => map(x, y, elu),
        Activation::Tanh => map(x, y, tanh),
        Activation::Sigmoid => map(x, y, sigmoid),
        Activation::Silu => map(x, y, silu),
        Activation::Gelu => map(x, y, gelu),
    }
}

/// Computes `dx = f'(x) dy`, or `dx += f'(x) dy`, for `y = f(x)` and slices of equal length.
pub(crate) fn activation_gradient(
    activation: Activation,
    x: &[f32],
    y: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    how: Write,
) {
    match activation {
        Activation::Identity => chain(x, y, dy, dx, how, |_, _| 1.0),
        Activation::Relu => chain(x, y, dy, dx, how, |x, _| if x >= 0.0 { 1.0 } else { 0.0 }),
        Activation::LeakyRelu => chain(x, y, dy, dx, how, |x, _| leaky_slope(x)),
        Activation::Elu => chain(x, y, dy, dx, how, |x, y| if x > 0.0 { 1.0 } else { y + 1.0 }),
        Activation::Tanh => chain(x, y, dy, dx, how, |_, y| 1.0 - y * y),
        Activation::Sigmoid => chain(x, y, dy, dx, how, |_, y| y * (1.0 - y)),
        Activation::Silu => chain(x, y, dy, dx, how, silu_slope),
        Activation::Gelu => chain(x, y, dy, dx, how, |x, _| gelu_slope(x)),
    }
}

#[inline(always)]
fn leaky_slope(x: f32) -> f32 {
    match x {
        _ if x > 0.0 => 1.0,
        _ if x == 0.0 => 0.5 * (1.0 + Activation::LEAKY_SLOPE),
        _ => Activation::LEAKY_SLOPE,
    }
}

#[inline(always)]
fn elu(x: f32) -> f32 {
    if x > 0.0 { x } else { exp(x) - 1.0 }
}

#[inline(always)]
fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// `sigmoid(x) (1 + x (1 - sigmoid(x)))`.
#[inline(always)]
fn silu_slope(x: f32, y: f32) -> f32 {
    let sigmoid = sigmoid(x);
    sigmoid * (1.0 - y) + y
}

#[inline(always)]
fn gelu(x: f32) -> f32 {
    x * normal(x).0
}

/// `Phi(x) + x phi(x)`.
#[inline(always)]
fn gelu_slope(x: f32) -> f32 {
    let (cumulative, bell) = normal(x);
    cumulative + DENSITY_AT_ZERO * x * bell
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::*;
    use crate::{network::operation::Operation, numeric::example::normal_distribution};

    /// Values on both sides of zero, zero itself and saturated values. The length is not a multiple of a vector width.
    fn xs() -> Vec<f32> {
        let smooth = (-60..60).map(|index| index as f32 * 0.17);
        smooth.chain([0.0, -0.0, 30.0, -30.0, 100.0, -100.0, 1e-20, -1e-20, 0.5]).collect()
    }

    fn fused(activation: Activation, x: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![f32::NAN; x.len()]);
        activate(activation, x, &mut y);
        activation_gradient(activation, x, &y, &vec![1.0; x.len()], &mut dx, Write::Set);
        (y, dx)
    }

    fn composed(activation: Activation, x: &[f32]) -> candle_core::Result<(Vec<f32>, Vec<f32>)> {
        let x = Var::new(x, &Device::Cpu)?;
        let y = activation.candle(&[x.as_tensor().clone()], &[])?;
        let gradients = y.sum_all()?.backward()?;
        let Some(dx) = gradients.get(&x) else { candle_core::bail!("no gradient") };
        Ok((y.to_vec1()?, dx.to_vec1()?))
    }

    #[test]
    fn fused_activations_and_gradients_match_the_composed_ones() {
        for activation in Activation::ALL {
            let ((y, dx), (expected, slopes)) =
                (fused(activation, &xs()), composed(activation, &xs()).expect("a vector"));
            for (index, x) in xs().into_iter().enumerate() {
                for (actual, expected) in [(y[index], expected[index]), (dx[index], slopes[index])] {
                    assert!((actual - expected).abs() <= 1e-5, "{activation} at {x}: {actual}, expected {expected}");
                }
            }
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        let exact = |activation, x: f64| match activation {
            Activation::Identity => x,
            Activation::Relu => x.max(0.0),
            Activation::LeakyRelu => x.max(0.01 * x),
            Activation::Elu => x.max(0.0) + (x.min(0.0).exp() - 1.0),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Activation::Silu => x / (1.0 + (-x).exp()),
            Activation::Gelu => x * normal_distribution(x),
        };
        let xs: Vec<f32> = (-20..20).map(|index| index as f32 * 0.31 + 0.05).collect();
        for activation in Activation::ALL {
            let (_, dx) = fused(activation, &xs);
            for (&x, &actual) in xs.iter().zip(&dx) {
                let shifted = |step: f64| exact(activation, f64::from(x) + step);
                let slope = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
                assert!((f64::from(actual) - slope).abs() < 1e-6, "{activation} at {x}: {actual}, expected {slope}");
            }
        }
    }

    #[test]
    fn gradients_replace_or_add_to_existing_values() {
        let (x, dy) = ([0.5f32, -0.5, 2.0], [2.0f32, 3.0, -1.0]);
        for (how, expected) in [(Write::Set, [2.0, 0.0, -1.0]), (Write::Add, [12.0, 10.0, 9.0])] {
            let mut dx = [10.0f32; 3];
            activation_gradient(Activation::Relu, &x, &[0.5, 0.0, 2.0], &dy, &mut dx, how);
            assert_eq!(dx, expected, "{how:?}");
        }
    }

    #[test]
    fn nan_and_infinity_give_the_same_results_as_in_candle() {
        let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        for activation in Activation::ALL {
            let ((y, _), tensor) = (fused(activation, &x), Tensor::new(&x, &Device::Cpu).expect("small"));
            let expected = activation.candle(&[tensor], &[]).and_then(|y| y.to_vec1::<f32>()).expect("a vector");
            for (actual, expected) in y.iter().zip(&expected) {
                assert!(
                    actual == expected || (actual.is_nan() && expected.is_nan()),
                    "{activation}: {y:?} {expected:?}"
                );
            }
        }
    }
}
