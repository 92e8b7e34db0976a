//! What a primitive does to rows of numbers where they lie, forward and backward: its meaning without an
//! engine's tensors, which [`Pass`](crate::candle) walks a graph by.

use crate::numeric::{Matrix, Write};

/// Forward and backward of a primitive, on some rows of a batch.
///
/// Rows lie one after the other. What a row's result is may depend on no other row, so that a batch can be cut.
pub trait Kernel {
    /// Fills `y`, the rows of the result.
    fn forward(&self, inputs: &[Rows<'_>], parameters: &[Matrix<'_>], y: &mut [f32]);

    /// Writes the gradient of the loss with respect to the input of this index.
    fn input_gradient(&self, index: usize, at: &At<'_>, dx: &mut [f32], how: Write);

    /// Where the gradient of each parameter comes from, in their order.
    fn parameter_gradients(&self) -> &'static [ParameterGradient] {
        &[]
    }
}

/// Some rows of an input.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// As many numbers a row as the input has.
    Numbers(&'a [f32]),
    /// One label a row.
    Labels(&'a [u32]),
}

impl<'a> Rows<'a> {
    /// The numbers; none for labels, which no primitive that asks for numbers is given.
    pub fn numbers(self) -> &'a [f32] {
        match self {
            Rows::Numbers(numbers) => numbers,
            Rows::Labels(_) => &[],
        }
    }

    /// The labels; none for numbers.
    pub fn labels(self) -> &'a [u32] {
        match self {
            Rows::Labels(labels) => labels,
            Rows::Numbers(_) => &[],
        }
    }
}

/// Where a gradient is taken: what went in, what came out, and the gradient of the loss with respect to it.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Rows of the inputs.
    pub inputs: &'a [Rows<'a>],
    /// The parameters.
    pub parameters: &'a [Matrix<'a>],
    /// Rows of the result.
    pub y: &'a [f32],
    /// The gradient of the loss with respect to them.
    pub dy: &'a [f32],
}

/// How the gradient of a parameter is made from the first input `x: [batch, inputs]` and the gradient of the
/// result `dy: [batch, outputs]`, over the whole batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterGradient {
    /// `xᵀ dy`.
    Product,
    /// The sum of the rows of `dy`.
    RowSum,
    /// For every label the sum of the rows of `dy` that have it.
    RowSumByLabel,
}
