//! The closed set of primitives, and what each of them has to say about itself.
//!
//! A primitive lives in one file: its shape rule, its meaning in Candle, its meaning on rows of numbers
//! and its meaning in ONNX side by side. A new one needs its file, its line in [`Primitive`] and its line in
//! [`Primitive::operation`].

mod activation;
mod add;
mod affine;
mod clamp;
mod dense;
mod label_row;
mod reshape;
mod softmax;

use candle_core::Tensor;

use super::Kernel;

pub use activation::Activation;
pub use add::Add;
pub use affine::Affine;
pub use clamp::Clamp;
pub use dense::Dense;
pub use label_row::LabelRow;
pub use reshape::Reshape;
pub use softmax::Softmax;

pub use crate::onnx::Call;

/// One of the operations that a network is made of.
#[derive(Debug, Clone, PartialEq)]
pub enum Primitive {
    /// A fully connected layer.
    Dense(Dense),
    /// A non-linearity.
    Activation(Activation),
    /// A row of a table, chosen by a label.
    LabelRow(LabelRow),
    /// The sum of two values.
    Add(Add),
    /// Scaling and shifting by constants.
    Affine(Affine),
    /// Limiting to a range.
    Clamp(Clamp),
    /// Another shape for the same numbers.
    Reshape(Reshape),
    /// Logits to probabilities.
    Softmax(Softmax),
}

impl Primitive {
    /// The operation behind the name.
    pub fn operation(&self) -> &dyn Operation {
        match self {
            Primitive::Dense(operation) => operation,
            Primitive::Activation(operation) => operation,
            Primitive::LabelRow(operation) => operation,
            Primitive::Add(operation) => operation,
            Primitive::Affine(operation) => operation,
            Primitive::Clamp(operation) => operation,
            Primitive::Reshape(operation) => operation,
            Primitive::Softmax(operation) => operation,
        }
    }
}

/// What every primitive defines.
pub trait Operation {
    /// Shape of one row of the result, from the shapes of one row of the inputs; or what is wrong
    /// with them.
    ///
    /// # Errors
    /// A sentence that continues "layer `x` ...".
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String>;

    /// The trained parameters.
    fn parameters(&self) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Runs it in Candle, with gradients. Tensors are `[batch, ...shape]`.
    ///
    /// # Errors
    /// Those of Candle.
    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor>;

    /// Runs it on rows where they lie, if it can: a graph with a primitive that cannot is composed of Candle's
    /// operations.
    fn kernel(&self) -> Option<&dyn Kernel> {
        None
    }

    /// Writes it in ONNX and returns the name of its result.
    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String;

    /// Multiplications with an addition, per row.
    fn multiply_adds(&self) -> u64 {
        0
    }

    /// A word or two for people.
    fn describe(&self) -> String;
}

/// A trained tensor of a primitive.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSpec {
    /// Name within the node, such as `weight`.
    pub name: &'static str,
    /// Shape.
    pub shape: Vec<usize>,
    /// How it starts.
    pub initial: Initial,
}

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Initial {
    /// Uniform in plus or minus one over the square root of the number of inputs of a unit: what
    /// PyTorch's `Linear` does.
    FanIn(usize),
}

impl Initial {
    /// Half-width of the uniform distribution.
    pub fn bound(self) -> f32 {
        match self {
            Initial::FanIn(fan_in) => 1.0 / (fan_in.max(1) as f32).sqrt(),
        }
    }
}

/// The only input of a unary operation, or what was passed instead.
fn only<'a>(inputs: &[&'a [usize]]) -> Result<&'a [usize], String> {
    match inputs {
        [shape] => Ok(shape),
        _ => Err(format!("takes one input, got {}", inputs.len())),
    }
}
