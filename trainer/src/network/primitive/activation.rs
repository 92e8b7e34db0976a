//! Activation functions. They are exported as ONNX operators that all tested ONNX engines support.

mod kernel;

use std::{fmt, str::FromStr};

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

pub(crate) use kernel::{activate, activation_gradient};

use crate::{
    network::{
        kernel::Kernel,
        operation::{Operation, single_input},
    },
    onnx::Call,
};

/// An activation function, applied to each value separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `x`. The network is then linear.
    Identity,
    /// `max(x, 0)`.
    Relu,
    /// `x` for positive `x`, otherwise `0.01 x`.
    LeakyRelu,
    /// `x` for positive `x`, otherwise `exp(x) - 1` (Clevert et al. 2015, with alpha = 1).
    Elu,
    /// Hyperbolic tangent.
    Tanh,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `x sigmoid(x)`, also called swish (Elfwing et al. 2017).
    Silu,
    /// `x Phi(x)` with the exact cumulative normal distribution function, not its tanh approximation (Hendrycks and
    /// Gimpel 2016).
    Gelu,
}

impl Activation {
    /// Slope of [`Activation::LeakyRelu`] for negative values, as in PyTorch.
    pub(crate) const LEAKY_SLOPE: f32 = 0.01;

    /// All activations.
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

    /// Returns the name used on the command line and in configuration files.
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
            format!("unknown activation `{text}`; choose one of {names}")
        })
    }
}

impl Operation for Activation {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        single_input(inputs).map(<[usize]>::to_vec)
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("an activation expects 1 input") };
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

/// `relu(x) + (exp(-relu(-x)) - 1)`, because candle-onnx does not implement `Elu`.
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
