//! Executes a graph forward and backward for a block of rows on one core.

use crate::{
    candle::steps::Steps,
    network::{BackwardContext, KernelInput, Value},
    numeric::{Matrix, Write},
};

/// Executes the steps of a graph on a block of rows. `inputs` contains these rows of the graph's inputs.
pub(super) struct Executor<'a> {
    pub(super) steps: &'a Steps,
    pub(super) parameters: &'a [Vec<Matrix<'a>>],
    pub(super) inputs: Vec<KernelInput<'a>>,
}

impl Executor<'_> {
    /// Computes the results of all steps.
    pub(super) fn forward(&self, results: &mut [&mut [f32]]) {
        for (index, (step, parameters)) in self.steps.steps.iter().zip(self.parameters).enumerate() {
            let (before, rest) = results.split_at_mut(index);
            let inputs: Vec<KernelInput<'_>> =
                step.inputs.iter().map(|&value| self.rows(value, |node| &*before[node])).collect();
            let Some(y) = rest.first_mut() else { unreachable!("every step has a buffer for its result") };
            step.kernel().forward(&inputs, parameters, y);
        }
    }

    /// Computes the gradients with respect to all results that have a buffer in `gradients` and, if `input_gradient` is
    /// given, with respect to the first input. The caller provides the gradients of the outputs: in `gradients`, or in
    /// `residual` for a single output.
    pub(super) fn backward(
        &self,
        results: &[&[f32]],
        gradients: &mut [Option<&mut [f32]>],
        residual: Option<&[f32]>,
        mut input_gradient: Option<&mut [f32]>,
    ) {
        let steps = &self.steps.steps;
        let mut is_written: Vec<bool> = (0..steps.len()).map(|node| self.steps.outputs.contains(&node)).collect();
        let mut input_is_written = false;
        for (index, step) in steps.iter().enumerate().rev() {
            let (before, rest) = gradients.split_at_mut(index);
            let own = rest.first_mut().and_then(|gradient| gradient.as_deref());
            // A step on which no output depends has no gradient.
            let Some(dy) = own.or(residual.filter(|_| self.steps.outputs.contains(&index))) else { continue };
            let inputs: Vec<KernelInput<'_>> =
                step.inputs.iter().map(|&value| self.rows(value, |node| results[node])).collect();
            let context =
                BackwardContext { inputs: &inputs, parameters: &self.parameters[index], y: results[index], dy };
            for (position, &value) in step.inputs.iter().enumerate() {
                let (into, written) = match value {
                    Value::Node(node) => (before[node].as_deref_mut(), &mut is_written[node]),
                    Value::Input(0) => (input_gradient.as_deref_mut(), &mut input_is_written),
                    // Labels have no gradient.
                    Value::Input(_) => continue,
                };
                if let Some(into) = into {
                    let how = if std::mem::replace(written, true) { Write::Add } else { Write::Set };
                    step.kernel().input_gradient(position, &context, into, how);
                }
            }
        }
    }

    fn rows<'b>(&'b self, value: Value, of_node: impl Fn(usize) -> &'b [f32]) -> KernelInput<'b> {
        match value {
            Value::Input(index) => self.inputs[index],
            Value::Node(node) => KernelInput::Floats(of_node(node)),
        }
    }
}
