//! A row of an embedding table, selected by the label: the product of the one-hot label and a matrix, computed without
//! the one-hot vector.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, Orientation, ParameterRows, exactly},
        operation::{InputKind, Operation, single_input},
        parameter::{Initial, ParameterSpec},
    },
    numeric::{Matrix, Write, sum_columns_by_label, sum_rows_by_label},
    onnx::Call,
};

/// `label` (one integer per row) to `[outputs]`, with `weight: [classes, outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelRow {
    /// Number of rows of the table.
    pub classes: usize,
    /// Number of output features.
    pub outputs: usize,
    /// Number of inputs of the layer to which the row is added, including the classes.
    pub fan_in: usize,
}

impl Operation for LabelRow {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = single_input(inputs)?;
        if shape.is_empty() && self.classes > 0 {
            Ok(vec![self.outputs])
        } else {
            Err(format!(
                "expects one label per row and at least one class, got the shape {shape:?} and {} classes",
                self.classes
            ))
        }
    }

    fn input_kind(&self, _index: usize) -> InputKind {
        InputKind::Labels { classes: self.classes }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let shape = vec![self.classes, self.outputs];
        vec![ParameterSpec::trained("weight", shape, Initial::FanIn(self.fan_in))]
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let ([label], [weight]) = (inputs, parameters) else {
            candle_core::bail!("label row expects a label and a weight");
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
        format!("embedding of the class {} x {}", self.classes, self.outputs)
    }
}

impl Kernel for LabelRow {
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let ([labels], [table]) = (exactly(inputs), exactly(parameters));
        for (y, &label) in y.chunks_exact_mut(self.outputs.max(1)).zip(labels.labels()) {
            table.copy_row(label as usize, y);
        }
    }

    fn input_gradient(&self, _index: usize, _context: &BackwardContext<'_>, _dx: &mut [f32], _how: Write) {
        unreachable!("labels have no gradient")
    }

    /// Computes the sum of the rows of `dy` for each label.
    fn parameter_gradient(
        &self,
        of: &ParameterRows,
        inputs: &[KernelInput<'_>],
        dy: &[f32],
        into: &mut [f32],
        how: Write,
    ) {
        let [labels] = exactly(inputs);
        match of.orientation {
            Orientation::Normal => sum_rows_by_label(labels.labels(), dy, &of.rows, into, how),
            Orientation::Transposed => sum_columns_by_label(labels.labels(), dy, self.outputs, &of.rows, into, how),
        }
    }
}
