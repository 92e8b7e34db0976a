//! The sum of two values of one shape.

use candle_core::Tensor;

use super::{Call, Operation, Primitive};
use crate::{
    network::{At, Kernel, Rows},
    numeric::{Matrix, Write},
};

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
    fn forward(&self, inputs: &[Rows<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [left, right] = inputs else { return };
        for ((y, left), right) in y.iter_mut().zip(left.numbers()).zip(right.numbers()) {
            *y = left + right;
        }
    }

    fn input_gradient(&self, _index: usize, at: &At<'_>, dx: &mut [f32], how: Write) {
        dx.iter_mut().zip(at.dy).for_each(|(dx, dy)| how.put(dx, *dy));
    }
}
