//! What every primitive defines.

use candle_core::Tensor;

use super::{kernel::Kernel, parameter::ParameterSpec};
use crate::onnx::Call;

/// What every primitive defines.
pub trait Operation {
    /// Shape of one row of the result, from the shapes of one row of the inputs; or what is wrong
    /// with them, their number among it.
    ///
    /// # Errors
    /// A sentence that continues "layer `x` ...".
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String>;

    /// What its inputs hold.
    fn reads(&self) -> Reads {
        Reads::Numbers
    }

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

/// What the inputs of a primitive hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// Numbers.
    Numbers,
    /// One label a row, below a number of classes.
    Labels {
        /// The number of classes.
        classes: usize,
    },
}

/// The only input of a unary operation, or what was passed instead.
pub(super) fn only<'a>(inputs: &[&'a [usize]]) -> Result<&'a [usize], String> {
    match inputs {
        [shape] => Ok(shape),
        _ => Err(format!("takes one input, got {}", inputs.len())),
    }
}
