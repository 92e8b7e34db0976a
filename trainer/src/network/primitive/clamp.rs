//! Limiting every number to a range; the gradient outside is zero.

use candle_core::Tensor;

use super::{Call, Operation, Primitive, only};

/// `min(max(x, low), high)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clamp {
    /// Smallest number that passes.
    pub low: f32,
    /// Largest number that passes.
    pub high: f32,
}

impl From<Clamp> for Primitive {
    fn from(clamp: Clamp) -> Self {
        Primitive::Clamp(clamp)
    }
}

impl Operation for Clamp {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        only(inputs).map(<[usize]>::to_vec)
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("clamp takes one value") };
        x.clamp(self.low, self.high)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let (low, high) = (call.floats("low", &[], &[self.low]), call.floats("high", &[], &[self.high]));
        let inputs: Vec<String> = inputs.iter().cloned().chain([low, high]).collect();
        call.node("Clip", &inputs)
    }

    fn describe(&self) -> String {
        format!("clamp to [{}, {}]", self.low, self.high)
    }
}
