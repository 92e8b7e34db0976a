//! Activations and their derivatives over slices, on one core.
//!
//! Where a function has a kink or meets a NaN, it does what Candle's operation does: ReLU makes a NaN zero
//! and has the slope 1 at zero, the leaky one has the mean of its slopes there.

use super::Activation;
use crate::{
    network::kernel::{At, Kernel, KernelInput, exactly},
    numeric::{Matrix, Write, chain, exp, map, normal, sigmoid, tanh},
};

/// `1 / sqrt(2 pi)`, the height of the normal density.
const DENSITY_AT_ZERO: f32 = 0.398_942_3;

impl Kernel for Activation {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        activate(*self, x.numbers(), y);
    }

    fn input_gradient(&self, _index: usize, at: &At<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(at.inputs);
        activation_gradient(*self, x.numbers(), at.y, at.dy, dx, how);
    }
}

/// `y = f(x)`, for slices of one length.
fn activate(activation: Activation, x: &[f32], y: &mut [f32]) {
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

/// `dx = f'(x) dy`, or `dx += f'(x) dy`, for `y = f(x)` and slices of one length.
fn activation_gradient(activation: Activation, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], how: Write) {
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
    let (distribution, bell) = normal(x);
    distribution + DENSITY_AT_ZERO * x * bell
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor, Var};

    use super::*;
    use crate::{network::Operation, numeric::example::normal_distribution};

    /// Both sides of zero, zero itself, saturation, and lengths that fill no vector.
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
    fn fused_activations_and_their_gradients_are_the_composed_ones() {
        for activation in Activation::ALL {
            let ((y, dx), (expected, slopes)) =
                (fused(activation, &xs()), composed(activation, &xs()).expect("a vector"));
            for (index, x) in xs().into_iter().enumerate() {
                for (found, expected) in [(y[index], expected[index]), (dx[index], slopes[index])] {
                    assert!((found - expected).abs() <= 1e-5, "{activation} at {x}: {found} against {expected}");
                }
            }
        }
    }

    #[test]
    fn gradients_are_the_slopes_of_the_functions() {
        let wide = |activation, x: f64| match activation {
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
            for (&x, &found) in xs.iter().zip(&dx) {
                let beside = |step: f64| wide(activation, f64::from(x) + step);
                let slope = (beside(1e-5) - beside(-1e-5)) / 2e-5;
                assert!((f64::from(found) - slope).abs() < 1e-6, "{activation} at {x}: {found} against {slope}");
            }
        }
    }

    #[test]
    fn a_gradient_is_written_or_added() {
        let (x, dy) = ([0.5f32, -0.5, 2.0], [2.0f32, 3.0, -1.0]);
        for (how, expected) in [(Write::Set, [2.0, 0.0, -1.0]), (Write::Add, [12.0, 10.0, 9.0])] {
            let mut dx = [10.0f32; 3];
            activation_gradient(Activation::Relu, &x, &[0.5, 0.0, 2.0], &dy, &mut dx, how);
            assert_eq!(dx, expected, "{how:?}");
        }
    }

    #[test]
    fn what_is_no_number_or_infinite_ends_as_in_candle() {
        let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
        for activation in Activation::ALL {
            let ((y, _), tensor) = (fused(activation, &x), Tensor::new(&x, &Device::Cpu).expect("small"));
            let expected = activation.candle(&[tensor], &[]).and_then(|y| y.to_vec1::<f32>()).expect("a vector");
            for (found, expected) in y.iter().zip(&expected) {
                assert!(found == expected || (found.is_nan() && expected.is_nan()), "{activation}: {y:?} {expected:?}");
            }
        }
    }
}
