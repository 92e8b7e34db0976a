//! What a primitive does to rows of numbers where they lie, forward and backward: its meaning without an
//! engine's tensors, by which a pass walks a graph.
//!
//! A graph gives a primitive the inputs that its shape rule took and the parameters that it asked for. A kernel takes
//! them by [`exactly`], [`Rows::numbers`] and [`Rows::labels`], which panic where that is not so: the memory of results
//! is used again and again, and a kernel that wrote nothing would train on what a former step left.

use std::ops::Range;

use crate::numeric::{Matrix, Write};

/// Forward and backward of a primitive, on some rows of a batch.
///
/// Rows lie one after the other. What a row's result is may depend on no other row, so that a batch can be cut.
pub trait Kernel {
    /// Fills `y`, the rows of the result.
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]);

    /// Writes the gradient of the loss with respect to the input of this index.
    fn input_gradient(&self, index: usize, at: &At<'_>, dx: &mut [f32], how: Write);

    /// Writes some rows of the gradient of a parameter to `into`, from all rows of a batch: their inputs, and the
    /// gradient of the loss with respect to the results. Asked only of primitives that have parameters.
    fn parameter_gradient(
        &self,
        of: &ParameterRows,
        _inputs: &[KernelInput<'_>],
        _dy: &[f32],
        _into: &mut [f32],
        _how: Write,
    ) {
        unreachable!("a primitive with parameters has their gradients, this has none for {of:?}")
    }
}

/// Some rows of an input.
#[derive(Debug, Clone, Copy)]
pub enum KernelInput<'a> {
    /// As many numbers a row as the input has.
    Numbers(&'a [f32]),
    /// One label a row.
    Labels(&'a [u32]),
}

impl<'a> KernelInput<'a> {
    /// The numbers.
    ///
    /// # Panics
    /// For labels, which no graph gives to a primitive that reads numbers.
    pub fn numbers(self) -> &'a [f32] {
        match self {
            KernelInput::Numbers(numbers) => numbers,
            KernelInput::Labels(_) => unreachable!("a graph gives labels only to primitives that read them"),
        }
    }

    /// The labels.
    ///
    /// # Panics
    /// For numbers, which no graph gives to a primitive that reads labels.
    pub fn labels(self) -> &'a [u32] {
        match self {
            KernelInput::Labels(labels) => labels,
            KernelInput::Numbers(_) => unreachable!("a graph gives numbers only to primitives that read them"),
        }
    }
}

/// The inputs or parameters of a primitive, by their number.
///
/// # Panics
/// If there are more or fewer: a graph has as many as the primitive's shape rule and its parameters say.
pub fn exactly<const N: usize, T: Copy>(values: &[T]) -> [T; N] {
    match values.try_into() {
        Ok(values) => values,
        Err(_) => unreachable!("a graph gives a primitive what it takes: {N} values, not {}", values.len()),
    }
}

/// Where a gradient is taken: what went in, what came out, and the gradient of the loss with respect to it.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// Rows of the inputs.
    pub inputs: &'a [KernelInput<'a>],
    /// The parameters.
    pub parameters: &'a [Matrix<'a>],
    /// Rows of the result.
    pub y: &'a [f32],
    /// The gradient of the loss with respect to them.
    pub dy: &'a [f32],
}

/// Some rows of the variable that holds a parameter; one that is no matrix is a single row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRows {
    /// The index of the parameter in the primitive.
    pub parameter: usize,
    /// How the variable holds it.
    pub held: Held,
    /// Which rows of the variable.
    pub rows: Range<usize>,
}

/// How a variable holds a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// As it is.
    Straight,
    /// As its transpose, which another layer uses straight.
    Transposed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_many_values_as_are_taken_come_through() {
        assert_eq!(exactly::<2, _>(&[1, 2]), [1, 2]);
    }

    #[test]
    #[should_panic(expected = "2 values, not 1")]
    fn a_wrong_number_of_values_is_loud() {
        let _: [i32; 2] = exactly(&[1]);
    }

    #[test]
    #[should_panic(expected = "labels only to primitives that read them")]
    fn labels_are_no_empty_numbers() {
        KernelInput::Labels(&[1]).numbers();
    }
}
