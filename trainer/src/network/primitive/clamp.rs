//! Limiting every number to a range; the gradient outside is zero.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{At, Kernel, KernelInput, exactly},
        operation::{Operation, only},
    },
    numeric::{Matrix, Write},
    onnx::Call,
};

/// `min(max(x, low), high)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clamp {
    /// Smallest number that passes.
    pub low: f32,
    /// Largest number that passes.
    pub high: f32,
}

impl Operation for Clamp {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        only(inputs).map(<[usize]>::to_vec)
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("clamp takes one value") };
        x.clamp(self.low, self.high)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
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

impl Kernel for Clamp {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        for (y, &x) in y.iter_mut().zip(x.numbers()) {
            // What is no number stays none, as in Candle: divergence has to be seen.
            let above = if x < self.low { self.low } else { x };
            *y = if above > self.high { self.high } else { above };
        }
    }

    fn input_gradient(&self, _index: usize, at: &At<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(at.inputs);
        for ((dx, x), dy) in dx.iter_mut().zip(x.numbers()).zip(at.dy) {
            how.put(dx, if (self.low..=self.high).contains(x) { *dy } else { 0.0 });
        }
    }
}
