//! Kernels: the forward and backward computation of a primitive on slices of rows, without the tensors of an engine.
//!
//! The graph guarantees that a primitive receives inputs that its shape inference has accepted, and its own
//! parameters. A kernel unpacks them by [`exactly`], [`KernelInput::floats`] and [`KernelInput::labels`], which
//! panic if this is violated. The panic is necessary because output buffers are reused: a kernel that silently
//! writes nothing would train on the values of an earlier step.

use std::ops::Range;

use crate::numeric::{Matrix, Write};

/// Forward and backward computation of a primitive, on a block of rows of a batch.
///
/// Rows are contiguous. The result of a row must not depend on other rows, so that a batch can be split into blocks.
pub trait Kernel {
    /// Computes the rows `y` of the result.
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]);

    /// Writes the gradient of the loss with respect to the input with this index to `dx`.
    fn input_gradient(&self, index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write);

    /// Writes a range of rows of the gradient of a parameter to `into`, computed from all rows of a batch: from
    /// their inputs and from `dy`, the gradient of the loss with respect to the results. It is called only for
    /// primitives that have parameters.
    fn parameter_gradient(
        &self,
        of: &ParameterRows,
        _inputs: &[KernelInput<'_>],
        _dy: &[f32],
        _into: &mut [f32],
        _how: Write,
    ) {
        unreachable!("this primitive has no parameters, so it has no gradient for {of:?}")
    }

    /// Returns how the gradient of a parameter can be split into ranges of rows.
    fn split(&self, _parameter: usize) -> Split {
        Split { multiple: 1, work: 1 }
    }
}

/// How the gradient of a parameter can be split into ranges of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split {
    /// Every range begins at a multiple of this number of rows.
    pub multiple: usize,
    /// Number of multiply-add operations per value of the gradient and row of the batch.
    pub work: usize,
}

/// A block of rows of an input.
#[derive(Debug, Clone, Copy)]
pub enum KernelInput<'a> {
    /// The features of the rows, one row after the other.
    Floats(&'a [f32]),
    /// One label per row.
    Labels(&'a [u32]),
}

impl<'a> KernelInput<'a> {
    /// Returns the floats.
    ///
    /// # Panics
    /// If the input contains labels. A graph never passes labels to a primitive that expects floats.
    pub fn floats(self) -> &'a [f32] {
        match self {
            KernelInput::Floats(values) => values,
            KernelInput::Labels(_) => unreachable!("a graph passes labels only to primitives that expect labels"),
        }
    }

    /// Returns the labels.
    ///
    /// # Panics
    /// If the input contains floats. A graph never passes floats to a primitive that expects labels.
    pub fn labels(self) -> &'a [u32] {
        match self {
            KernelInput::Labels(labels) => labels,
            KernelInput::Floats(_) => unreachable!("a graph passes floats only to primitives that expect floats"),
        }
    }
}

/// Unpacks exactly `N` inputs or parameters of a primitive.
///
/// # Panics
/// If there are more or fewer. The shape inference and the parameter list of the primitive guarantee their number.
pub(super) fn exactly<const N: usize, T: Copy>(values: &[T]) -> [T; N] {
    match values.try_into() {
        Ok(values) => values,
        Err(_) => unreachable!("the primitive expects {N} values, got {}", values.len()),
    }
}

/// Returns a parameter that is a vector as a slice.
///
/// # Panics
/// If the values are not contiguous. A variable stores a vector contiguously.
pub(super) fn vector<'a>(parameter: Matrix<'a>) -> &'a [f32] {
    match parameter.row(0) {
        Some(values) => values,
        None => unreachable!("a vector is stored contiguously"),
    }
}

/// Inputs of the backward computation: the inputs and results of the forward computation, and the gradient of the
/// loss with respect to the results.
#[derive(Debug, Clone, Copy)]
pub struct BackwardContext<'a> {
    /// Rows of the inputs.
    pub inputs: &'a [KernelInput<'a>],
    /// The parameters.
    pub parameters: &'a [Matrix<'a>],
    /// Rows of the result.
    pub y: &'a [f32],
    /// The gradient of the loss with respect to the result.
    pub dy: &'a [f32],
}

/// A range of rows of the variable that stores a parameter. A vector counts as a single row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterRows {
    /// The index of the parameter in the primitive.
    pub parameter: usize,
    /// Whether the variable stores the parameter or its transpose.
    pub orientation: Orientation,
    /// The rows of the variable.
    pub rows: Range<usize>,
}

/// Whether a variable stores a parameter or its transpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orientation {
    /// The variable stores the parameter.
    Normal,
    /// The variable stores the transpose of the parameter, because it belongs to a tied layer.
    Transposed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expected_number_of_values_is_unpacked() {
        assert_eq!(exactly::<2, _>(&[1, 2]), [1, 2]);
    }

    #[test]
    #[should_panic(expected = "2 values, got 1")]
    fn a_wrong_number_of_values_panics() {
        let _: [i32; 2] = exactly(&[1]);
    }

    #[test]
    #[should_panic(expected = "labels only to primitives that expect labels")]
    fn reading_labels_as_floats_panics() {
        KernelInput::Labels(&[1]).floats();
    }
}
