//! The interface of all primitives.

use candle_core::Tensor;

use super::{kernel::Kernel, parameter::ParameterSpec};
use crate::onnx::Call;

/// The interface of all primitives.
pub trait Operation {
    /// Infers the shape of one row of the result from the shapes of one row of each input.
    ///
    /// # Errors
    /// If the number of inputs or their shapes are wrong. The message continues "layer `x` ...".
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String>;

    /// Returns what the input with this index is.
    fn input_kind(&self, _index: usize) -> InputKind {
        InputKind::Floats
    }

    /// Returns the trainable parameters.
    fn parameters(&self) -> Vec<ParameterSpec> {
        Vec::new()
    }

    /// Returns the number of channels that the operation normalises by their mean and variance over the batch, in
    /// training. Its parameters are the running mean and variance, which everything else uses.
    fn batch_channels(&self) -> Option<usize> {
        None
    }

    /// Evaluates the operation in Candle, with gradients. Tensors are `[batch, ...shape]`.
    ///
    /// # Errors
    /// If Candle returns an error.
    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor>;

    /// Returns the kernel that evaluates the operation on slices, if there is one. If one primitive of a graph has no
    /// kernel, the whole graph is evaluated by Candle's operations.
    fn kernel(&self) -> Option<&dyn Kernel> {
        None
    }

    /// Adds the operation to an ONNX graph and returns the name of its result.
    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String;

    /// Returns the number of multiply-add operations per row.
    fn multiply_adds(&self) -> u64 {
        0
    }

    /// Returns the number of values per row that [`candle`](Operation::candle) holds at once besides inputs and result.
    fn composed_values(&self) -> usize {
        0
    }

    /// Returns a short description for summaries and messages.
    fn describe(&self) -> String;
}

/// The kind of an input of a primitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// 32-bit floats.
    Floats,
    /// One label per row, less than the number of classes.
    Labels {
        /// The number of classes.
        classes: usize,
    },
    /// The positions of the levels of categories, as integers.
    Categories,
}

/// Returns the shape of the input of a unary operation, or an error for any other number of inputs.
pub(super) fn single_input<'a>(inputs: &[&'a [usize]]) -> Result<&'a [usize], String> {
    match inputs {
        [shape] => Ok(shape),
        _ => Err(format!("expects 1 input, got {}", inputs.len())),
    }
}
