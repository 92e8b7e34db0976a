//! The level of a category that stands for its probabilities.

use candle_core::Tensor;

use crate::{
    network::operation::{Operation, single_input},
    onnx::Call,
};

/// `[levels]` probabilities to `[1]`, the position of a level, from 1. In ONNX it is a 64-bit integer, and in Candle a
/// float with the same whole number.
///
/// It is the most probable level, the first one of equal ones. If the levels have an order it is their median: the
/// first level at which the sum of the probabilities so far is at least 1/2, which has the smallest expected distance
/// in levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// Whether the levels have an order.
    pub is_ordered: bool,
}

impl Operation for Level {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match single_input(inputs)? {
            [levels] if *levels > 0 => Ok(vec![1]),
            other => Err(format!("expects at least one level and a shape [levels], got {other:?}")),
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [probabilities] = inputs else { candle_core::bail!("level expects 1 input") };
        let before = match self.is_ordered {
            false => probabilities.argmax_keepdim(1)?.to_dtype(probabilities.dtype())?,
            true => {
                // The first level at which the sum reaches 1/2: the first largest value of zeros and ones.
                let reached = probabilities.cumsum(1)?.ge(0.5)?.to_dtype(probabilities.dtype())?;
                reached.argmax_keepdim(1)?.to_dtype(probabilities.dtype())?
            }
        };
        before + 1.0
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let one = call.integers("one", &[1]);
        let before = match self.is_ordered {
            false => call.node_with_integer("ArgMax", inputs, "axis", 1),
            true => {
                let axis = call.integers("axis", &[1]);
                let sums = call.node("CumSum", &[inputs.first().cloned().unwrap_or_default(), axis]);
                let half = call.floats("half", &[1], &[0.5]);
                // The first level at which the sum reaches 1/2: the first largest value of zeros and ones.
                let reached = call.node("GreaterOrEqual", &[sums, half]);
                let reached = call.cast(&reached, narrows_bundle::ElementType::F32);
                call.node_with_integer("ArgMax", &[reached], "axis", 1)
            }
        };
        call.node("Add", &[before, one])
    }

    fn describe(&self) -> String {
        if self.is_ordered { "median level".to_owned() } else { "most probable level".to_owned() }
    }
}
