//! Clamping of every value to a range. The gradient outside the range is zero.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::{Operation, single_input},
    },
    numeric::{Matrix, Write},
    onnx::Call,
};

/// `min(max(x, low), high)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clamp {
    /// Lower bound.
    pub low: f32,
    /// Upper bound.
    pub high: f32,
}

impl Operation for Clamp {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        single_input(inputs).map(<[usize]>::to_vec)
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("clamp expects 1 input") };
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
        for (y, &x) in y.iter_mut().zip(x.floats()) {
            // NaN is propagated, as in Candle, so that a diverged run is detected.
            let raised = if x < self.low { self.low } else { x };
            *y = if raised > self.high { self.high } else { raised };
        }
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(context.inputs);
        for ((dx, x), dy) in dx.iter_mut().zip(x.floats()).zip(context.dy) {
            how.write(dx, if (self.low..=self.high).contains(x) { *dy } else { 0.0 });
        }
    }
}
