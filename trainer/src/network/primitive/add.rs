//! Element-wise sum of two values of equal shape.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::Operation,
    },
    numeric::{Matrix, Write, combine, copy},
    onnx::Call,
};

/// `[shape] + [shape]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Add;

impl Operation for Add {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match inputs {
            [left, right] if left == right => Ok(left.to_vec()),
            _ => Err(format!("expects two inputs of equal shape, got {inputs:?}")),
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [left, right] = inputs else { candle_core::bail!("add expects 2 inputs") };
        left + right
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        call.node("Add", inputs)
    }

    fn describe(&self) -> String {
        "add".to_owned()
    }
}

impl Kernel for Add {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [left, right] = exactly(inputs);
        combine(left.floats(), right.floats(), y, |left, right| left + right);
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        copy(context.dy, dx, how);
    }
}
