//! The mean of a count as a function of its logit.

use candle_core::Tensor;

use crate::{
    network::operation::{Operation, single_input},
    numeric::{LOG_RATE_RANGE, LogRate},
    onnx::Call,
};

/// `[counts]` logits to `[counts]` means, `exp(mean + deviation * logit)`, where mean and deviation are those of
/// `ln(1 + x)` over the training rows. The exponent is clamped to `LOG_RATE_RANGE`, so that no mean is
/// infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct CountMean {
    /// The unit of each logit.
    pub rates: Vec<LogRate>,
}

impl CountMean {
    fn constants(&self) -> [Vec<f32>; 2] {
        let means = self.rates.iter().map(|rate| rate.mean).collect();
        [means, self.rates.iter().map(|rate| rate.deviation).collect()]
    }
}

impl Operation for CountMean {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = single_input(inputs)?;
        if shape == [self.rates.len()] && !self.rates.is_empty() {
            Ok(shape.to_vec())
        } else {
            Err(format!("expects the shape [{}] and at least one count, got {shape:?}", self.rates.len()))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [logits] = inputs else { candle_core::bail!("count mean expects 1 input") };
        let [means, deviations] = self.constants().map(|values| Tensor::new(values, logits.device()));
        let (low, high) = LOG_RATE_RANGE;
        logits.broadcast_mul(&deviations?)?.broadcast_add(&means?)?.clamp(low, high)?.exp()
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let [means, deviations] = self.constants();
        let means = call.floats("mean", &[means.len()], &means);
        let deviations = call.floats("deviation", &[deviations.len()], &deviations);
        let inputs: Vec<String> = inputs.iter().cloned().chain([deviations]).collect();
        let scaled = call.node("Mul", &inputs);
        let shifted = call.node("Add", &[scaled, means]);
        let (low, high) = LOG_RATE_RANGE;
        let (low, high) = (call.floats("low", &[], &[low]), call.floats("high", &[], &[high]));
        let clamped = call.node("Clip", &[shifted, low, high]);
        call.node("Exp", &[clamped])
    }

    fn describe(&self) -> String {
        "means of counts".to_owned()
    }
}
