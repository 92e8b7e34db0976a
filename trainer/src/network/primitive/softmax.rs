//! Conversion of logits to probabilities.

use candle_core::{D, Tensor};

use crate::{
    network::operation::{Operation, single_input},
    onnx::Call,
};

/// `[classes]` to `[classes]`: `exp(l) / sum exp(l)` over each row, so that a row sums to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Softmax;

impl Operation for Softmax {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match single_input(inputs)? {
            [classes] if *classes > 0 => Ok(vec![*classes]),
            other => Err(format!("expects at least one class and a shape [classes], got {other:?}")),
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [logits] = inputs else { candle_core::bail!("softmax expects 1 input") };
        candle_nn::ops::softmax(logits, D::Minus1)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        call.node_with_integer("Softmax", inputs, "axis", 1)
    }

    fn describe(&self) -> String {
        "softmax".to_owned()
    }
}
