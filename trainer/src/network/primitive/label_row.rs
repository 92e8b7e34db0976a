//! A row of a trained table, chosen by the label: a one-hot vector times a matrix, without the
//! vector.

use candle_core::Tensor;

use super::{Call, Initial, Operation, ParameterSpec, Primitive, only};
use crate::{
    network::{At, Kernel, ParameterGradient, Rows},
    numeric::{Matrix, Write},
};

/// `label` (one integer a row) to `[outputs]`, with `weight: [classes, outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelRow {
    /// Rows of the table.
    pub classes: usize,
    /// Numbers out.
    pub outputs: usize,
    /// Inputs of the layer that the row is added to, classes included.
    pub fan_in: usize,
}

impl From<LabelRow> for Primitive {
    fn from(row: LabelRow) -> Self {
        Primitive::LabelRow(row)
    }
}

impl Operation for LabelRow {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = only(inputs)?;
        if shape.is_empty() && self.classes > 0 {
            Ok(vec![self.outputs])
        } else {
            Err(format!("expects one label a row and at least one class, got {shape:?} and {}", self.classes))
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let shape = vec![self.classes, self.outputs];
        vec![ParameterSpec { name: "weight", shape, initial: Initial::FanIn(self.fan_in) }]
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let ([label], [weight]) = (inputs, parameters) else {
            candle_core::bail!("label row takes a label and a weight");
        };
        weight.index_select(label, 0)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let weight = call.parameter("weight");
        let inputs: Vec<String> = std::iter::once(weight).chain(inputs.iter().cloned()).collect();
        call.node("Gather", &inputs)
    }

    fn describe(&self) -> String {
        format!("label row {} x {}", self.classes, self.outputs)
    }
}

impl Kernel for LabelRow {
    fn forward(&self, inputs: &[Rows<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let ([labels], [table]) = (inputs, parameters) else { return };
        for (y, &label) in y.chunks_exact_mut(self.outputs).zip(labels.labels()) {
            if let Some(row) = table.row(label as usize) {
                y.copy_from_slice(row);
            }
        }
    }

    fn input_gradient(&self, _index: usize, _at: &At<'_>, _dx: &mut [f32], _how: Write) {}

    fn parameter_gradients(&self) -> &'static [ParameterGradient] {
        &[ParameterGradient::RowSumByLabel]
    }
}
