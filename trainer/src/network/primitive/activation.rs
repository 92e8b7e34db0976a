//! The non-linearities, each by operators that every ONNX engine we test against runs.

use std::{fmt, str::FromStr};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::{Call, Operation, Primitive, only};
use crate::{
    candle::{activate, activation_gradient},
    network::{At, Kernel, Rows},
    numeric::{Matrix, Write},
};

/// A function applied to every number on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x`: makes the network linear.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` above zero, `0.01 x` below.
    LeakyRelu,
    /// `x` above zero, `exp(x) - 1` below (Clevert et al. 2015, with alpha = 1).
    Elu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x sigmoid(x)`, also called swish (Elfwing et al. 2017).
    Silu,
    /// `x Phi(x)` with the normal distribution function itself, not its approximation by tanh
    /// (Hendrycks and Gimpel 2016).
    Gelu,
}

impl Activation {
    /// Slope of [`Activation::LeakyRelu`] below zero, as in PyTorch.
    pub(crate) const LEAKY_SLOPE: f32 = 0.01;

    /// Every activation.
    pub const ALL: [Activation; 8] = [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Silu,
        Activation::Gelu,
    ];

    /// The name on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Identity => "identity",
            Activation::Relu => "relu",
            Activation::LeakyRelu => "leaky_relu",
            Activation::Elu => "elu",
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Activation::ALL.into_iter().find(|activation| activation.name() == text).ok_or_else(|| {
            let names = Activation::ALL.map(Activation::name).join(", ");
            format!("`{text}` is not an activation: choose one of {names}")
        })
    }
}

impl From<Activation> for Primitive {
    fn from(activation: Activation) -> Self {
        Primitive::Activation(activation)
    }
}

impl Operation for Activation {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        only(inputs).map(<[usize]>::to_vec)
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("an activation takes one value") };
        match self {
            Activation::Identity => Ok(x.clone()),
            Activation::Relu => x.relu(),
            Activation::LeakyRelu => candle_nn::ops::leaky_relu(x, f64::from(Activation::LEAKY_SLOPE)),
            Activation::Elu => x.elu(1.0),
            Activation::Tanh => x.tanh(),
            Activation::Sigmoid => candle_nn::ops::sigmoid(x),
            Activation::Silu => x.silu(),
            Activation::Gelu => x.gelu_erf(),
        }
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        match self {
            Activation::Identity => inputs.first().cloned().unwrap_or_default(),
            Activation::Relu => call.node("Relu", inputs),
            Activation::LeakyRelu => call.node_with_float("LeakyRelu", inputs, "alpha", Activation::LEAKY_SLOPE),
            Activation::Elu => elu(call, inputs),
            Activation::Tanh => call.node("Tanh", inputs),
            Activation::Sigmoid => call.node("Sigmoid", inputs),
            Activation::Silu => {
                let gate = call.node("Sigmoid", inputs);
                times(call, inputs, gate)
            }
            Activation::Gelu => gelu(call, inputs),
        }
    }

    fn describe(&self) -> String {
        self.name().to_owned()
    }
}

impl Kernel for Activation {
    fn forward(&self, inputs: &[Rows<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = inputs else { return };
        activate(*self, x.numbers(), y);
    }

    fn input_gradient(&self, _index: usize, at: &At<'_>, dx: &mut [f32], how: Write) {
        let [x] = at.inputs else { return };
        activation_gradient(*self, x.numbers(), at.y, at.dy, dx, how);
    }
}

/// `relu(x) + (exp(-relu(-x)) - 1)`: Candle's own evaluator has no Elu.
fn elu(call: &mut Call<'_>, inputs: &[String]) -> String {
    let above = call.node("Relu", inputs);
    let negated = call.node("Neg", inputs);
    let depth = call.node("Relu", &[negated]);
    let below = call.node("Neg", &[depth]);
    let exponential = call.node("Exp", &[below]);
    let one = call.floats("one", &[1], &[1.0]);
    let shifted = call.node("Sub", &[exponential, one]);
    call.node("Add", &[above, shifted])
}

/// `x * (0.5 * (1 + erf(x / sqrt(2))))`.
fn gelu(call: &mut Call<'_>, inputs: &[String]) -> String {
    let root = call.floats("root", &[1], &[std::f32::consts::FRAC_1_SQRT_2]);
    let scaled = times(call, inputs, root);
    let error = call.node("Erf", &[scaled]);
    let one = call.floats("one", &[1], &[1.0]);
    let shifted = call.node("Add", &[error, one]);
    let half = call.floats("half", &[1], &[0.5]);
    let gate = call.node("Mul", &[shifted, half]);
    times(call, inputs, gate)
}

fn times(call: &mut Call<'_>, inputs: &[String], factor: String) -> String {
    let inputs: Vec<String> = inputs.iter().cloned().chain([factor]).collect();
    call.node("Mul", &inputs)
}
