//! The sum of two values of one shape.

use candle_core::Tensor;

use super::{Call, Operation, Primitive};

/// `[shape] + [shape]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add;

impl From<Add> for Primitive {
    fn from(add: Add) -> Self {
        Primitive::Add(add)
    }
}

impl Operation for Add {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match inputs {
            [left, right] if left == right => Ok(left.to_vec()),
            _ => Err(format!("expects two values of one shape, got {inputs:?}")),
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [left, right] = inputs else { candle_core::bail!("add takes two values") };
        left + right
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        call.node("Add", inputs)
    }

    fn describe(&self) -> String {
        "add".to_owned()
    }
}
