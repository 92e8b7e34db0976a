//! Functions that a device computes element by element, each in one kernel: losses, samples, activations and the steps
//! of the optimizers, with their derivatives.
//!
//! `kernels.cu` has the same functions for GPUs. [`Function::apply`] computes them on the CPU: with it, tests
//! without a GPU take the path of a device, and check the kernels of that file.

use narrows_bundle::Link;

use crate::{
    network::{Activation, activate, activation_gradient},
    numeric::{
        Adam, PointLoss, Sgd, Write, exp,
        reparameterise::{log_var_gradient, sample},
    },
};

/// A function of up to three values `a`, `b` and `c`.
#[derive(Debug, Clone, Copy)]
pub(super) enum Function {
    /// The loss of a logit `a` and a target `b`.
    Loss(PointLoss),
    /// Its derivative with respect to the logit, times the gradient `c`.
    LossGradient(PointLoss),
    /// The sample of a normal distribution with the mean `a` and the log-variance `b` for the noise `c`.
    Sample,
    /// Its derivative with respect to the log-variance `a` for the noise `b`, times the gradient `c`.
    SampleGradient,
    /// Twice the KL divergence from the standard normal for the mean `a` and the log-variance `b`.
    TwiceKl,
    /// Its derivative with respect to the mean `a`, times the gradient `b`.
    TwiceKlGradientOfMu,
    /// Its derivative with respect to the log-variance `a`, times the gradient `b`.
    TwiceKlGradientOfLogVar,
    /// The activation of the sum of a product `a` and a bias `b`.
    Activation(Activation),
    /// Its derivative with respect to the sum, times the gradient `c`.
    ActivationGradient(Activation),
    /// The first moment after a step, from the moment `a` and the gradient `b`.
    AdamFirst(Adam),
    /// The second moment after a step, from the moment `a` and the gradient `b`.
    AdamSecond(Adam),
    /// The weight after a step, from the weight `a` and its new moments `b` and `c`.
    AdamWeight(Adam),
    /// The velocity after a step, from the velocity `a` and the gradient `b`.
    SgdVelocity(Sgd),
    /// The weight after a step, from the weight `a`, its new velocity `b` and the gradient `c`.
    SgdWeight(Sgd),
    /// The moving average `a` of the weight `b` after an update with this factor.
    MovingAverage(f32),
}

impl Function {
    /// Returns the name of the kernel in `kernels.cu`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Function::Loss(PointLoss::Bernoulli) => "bernoulli",
            Function::LossGradient(PointLoss::Bernoulli) => "bernoulli_gradient",
            Function::Loss(PointLoss::SquaredError(Link::Identity)) => "squared_error",
            Function::LossGradient(PointLoss::SquaredError(Link::Identity)) => "squared_error_gradient",
            Function::Loss(PointLoss::SquaredError(Link::Sigmoid)) => "squared_error_of_sigmoid",
            Function::LossGradient(PointLoss::SquaredError(Link::Sigmoid)) => "squared_error_of_sigmoid_gradient",
            Function::Sample => "reparameterise",
            Function::SampleGradient => "reparameterise_gradient",
            Function::TwiceKl => "twice_kl",
            Function::TwiceKlGradientOfMu => "twice_kl_gradient_of_mu",
            Function::TwiceKlGradientOfLogVar => "twice_kl_gradient_of_log_var",
            Function::Activation(activation) => match activation {
                Activation::Identity => "identity",
                Activation::Relu => "relu",
                Activation::LeakyRelu => "leaky_relu",
                Activation::Elu => "elu",
                Activation::Tanh => "tanh_",
                Activation::Sigmoid => "sigmoid_",
                Activation::Silu => "silu",
                Activation::Gelu => "gelu",
            },
            Function::ActivationGradient(activation) => match activation {
                Activation::Identity => "identity_gradient",
                Activation::Relu => "relu_gradient",
                Activation::LeakyRelu => "leaky_relu_gradient",
                Activation::Elu => "elu_gradient",
                Activation::Tanh => "tanh_gradient",
                Activation::Sigmoid => "sigmoid_gradient",
                Activation::Silu => "silu_gradient",
                Activation::Gelu => "gelu_gradient",
            },
            Function::AdamFirst(_) => "adam_first",
            Function::AdamSecond(_) => "adam_second",
            Function::AdamWeight(_) => "adam_weight",
            Function::SgdVelocity(_) => "sgd_velocity",
            Function::SgdWeight(Sgd { nesterov: false, .. }) => "sgd_weight",
            Function::SgdWeight(Sgd { nesterov: true, .. }) => "nesterov_weight",
            Function::MovingAverage(_) => "moving_average",
        }
    }

    /// Returns the constants `p`, `q`, `r` and `s` of the kernel.
    #[cfg(any(feature = "cuda", test))]
    pub(super) fn constants(self) -> [f32; 4] {
        match self {
            Function::Loss(_) | Function::LossGradient(_) => [0.0; 4],
            Function::Sample | Function::SampleGradient => [0.0; 4],
            Function::TwiceKl | Function::TwiceKlGradientOfMu | Function::TwiceKlGradientOfLogVar => [0.0; 4],
            Function::Activation(_) | Function::ActivationGradient(_) => [Activation::LEAKY_SLOPE, 0.0, 0.0, 0.0],
            Function::AdamFirst(rule) => [rule.beta1, 0.0, 0.0, 0.0],
            Function::AdamSecond(rule) => [rule.beta2, 0.0, 0.0, 0.0],
            Function::AdamWeight(rule) => [rule.rate, rule.root_scale, rule.epsilon, rule.weight_factor],
            Function::SgdVelocity(rule) | Function::SgdWeight(rule) => [rule.momentum, rule.rate, 0.0, 0.0],
            Function::MovingAverage(factor) => [factor, 0.0, 0.0, 0.0],
        }
    }

    /// Computes the function on the CPU. All slices have the same length.
    pub(super) fn apply(self, [a, b, c]: [&[f32]; 3]) -> Vec<f32> {
        let map = |function: &dyn Fn(f32, f32, f32) -> f32| {
            a.iter().zip(b).zip(c).map(|((&a, &b), &c)| function(a, b, c)).collect::<Vec<_>>()
        };
        match self {
            Function::Loss(loss) => {
                let (mut losses, mut slopes) = (vec![0f64; a.len()], vec![0f32; a.len()]);
                loss.of_rows(a, b, 1.0, &mut losses, &mut slopes);
                losses.into_iter().map(|loss| loss as f32).collect()
            }
            Function::LossGradient(loss) => {
                let (mut losses, mut slopes) = (vec![0f64; a.len()], vec![0f32; a.len()]);
                loss.of_rows(a, b, 1.0, &mut losses, &mut slopes);
                slopes.iter().zip(c).map(|(slope, gradient)| slope * gradient).collect()
            }
            Function::Sample => sample(a, b, c),
            Function::SampleGradient => log_var_gradient(a, b, c),
            Function::TwiceKl => map(&|mu, log_var, _| mu * mu + exp(log_var) - log_var - 1.0),
            Function::TwiceKlGradientOfMu => map(&|mu, gradient, _| 2.0 * mu * gradient),
            Function::TwiceKlGradientOfLogVar => map(&|log_var, gradient, _| (exp(log_var) - 1.0) * gradient),
            Function::Activation(activation) => {
                let (x, mut y) = (map(&|product, bias, _| product + bias), vec![0.0; a.len()]);
                activate(activation, &x, &mut y);
                y
            }
            Function::ActivationGradient(activation) => {
                let x = map(&|product, bias, _| product + bias);
                let (mut y, mut dx) = (vec![0.0; a.len()], vec![0.0; a.len()]);
                activate(activation, &x, &mut y);
                activation_gradient(activation, &x, &y, c, &mut dx, Write::Set);
                dx
            }
            Function::AdamFirst(Adam { beta1, .. }) => {
                map(&|first, gradient, _| first + (1.0 - beta1) * (gradient - first))
            }
            Function::AdamSecond(Adam { beta2, .. }) => {
                map(&|second, gradient, _| beta2 * second + (1.0 - beta2) * gradient * gradient)
            }
            Function::AdamWeight(Adam { rate, root_scale, epsilon, weight_factor, .. }) => {
                map(&|weight, first, second| {
                    weight * weight_factor - rate * first / (second.sqrt() * root_scale + epsilon)
                })
            }
            Function::SgdVelocity(Sgd { momentum, .. }) => map(&|velocity, gradient, _| momentum * velocity + gradient),
            Function::SgdWeight(Sgd { nesterov: false, rate, .. }) => {
                map(&|weight, velocity, _| weight - rate * velocity)
            }
            Function::SgdWeight(Sgd { nesterov: true, rate, momentum, .. }) => {
                map(&|weight, velocity, gradient| weight - rate * (gradient + momentum * velocity))
            }
            Function::MovingAverage(factor) => map(&|average, weight, _| average + factor * (weight - average)),
        }
    }
}
