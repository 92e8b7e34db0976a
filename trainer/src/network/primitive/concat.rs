//! Several rows of features one after the other.

use candle_core::Tensor;

use crate::{network::operation::Operation, onnx::Call};

/// `[a]`, `[b]`, ... to `[a + b + ...]`. The exported graphs of mixed tables use it; there is no kernel, because the
/// core graphs do not need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concat;

impl Operation for Concat {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let widths = inputs.iter().map(|shape| match shape {
            [features] => Ok(*features),
            other => Err(format!("expects shapes [features], got {other:?}")),
        });
        match widths.sum::<Result<usize, String>>()? {
            0 => Err("expects at least one input".to_owned()),
            features => Ok(vec![features]),
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        Tensor::cat(inputs, 1)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        call.node_with_integer("Concat", inputs, "axis", 1)
    }

    fn describe(&self) -> String {
        "concatenation".to_owned()
    }
}
