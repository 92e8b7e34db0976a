//! Through a graph and back, for some rows of a batch, on one core.

use crate::{
    candle::steps::Steps,
    network::{At, KernelInput, Value},
    numeric::{Matrix, Write},
};

/// What a walk goes by: the steps, their parameters, and its rows of the graph's inputs.
pub(super) struct Walk<'a> {
    pub(super) steps: &'a Steps,
    pub(super) parameters: &'a [Vec<Matrix<'a>>],
    pub(super) inputs: Vec<KernelInput<'a>>,
}

impl Walk<'_> {
    /// Fills the results of every step.
    pub(super) fn forward(&self, results: &mut [&mut [f32]]) {
        for (index, (step, parameters)) in self.steps.steps.iter().zip(self.parameters).enumerate() {
            let (before, from) = results.split_at_mut(index);
            let inputs: Vec<KernelInput<'_>> =
                step.inputs.iter().map(|&value| self.rows(value, |node| &*before[node])).collect();
            let Some(y) = from.first_mut() else { unreachable!("every step has room for its result") };
            step.kernel().forward(&inputs, parameters, y);
        }
    }

    /// Fills the gradients of the results that there is room for and, where it is asked for, of the first
    /// input. Those of the outputs are there already: in `gradients`, or for the only output in `goal`.
    pub(super) fn backward(
        &self,
        results: &[&[f32]],
        gradients: &mut [Option<&mut [f32]>],
        goal: Option<&[f32]>,
        mut of_input: Option<&mut [f32]>,
    ) {
        let steps = &self.steps.steps;
        let mut is_written: Vec<bool> = (0..steps.len()).map(|node| self.steps.outputs.contains(&node)).collect();
        let mut input_is_written = false;
        for (index, step) in steps.iter().enumerate().rev() {
            let (before, from) = gradients.split_at_mut(index);
            let own = from.first_mut().and_then(|gradient| gradient.as_deref());
            // What no output depends on has no gradient.
            let Some(dy) = own.or(goal.filter(|_| self.steps.outputs.contains(&index))) else { continue };
            let inputs: Vec<KernelInput<'_>> =
                step.inputs.iter().map(|&value| self.rows(value, |node| results[node])).collect();
            let at = At { inputs: &inputs, parameters: &self.parameters[index], y: results[index], dy };
            for (position, &value) in step.inputs.iter().enumerate() {
                let (into, written) = match value {
                    Value::Node(node) => (before[node].as_deref_mut(), &mut is_written[node]),
                    Value::Input(0) => (of_input.as_deref_mut(), &mut input_is_written),
                    // Labels have no gradient.
                    Value::Input(_) => continue,
                };
                if let Some(into) = into {
                    let how = if std::mem::replace(written, true) { Write::Add } else { Write::Set };
                    step.kernel().input_gradient(position, &at, into, how);
                }
            }
        }
    }

    fn rows<'b>(&'b self, value: Value, of_node: impl Fn(usize) -> &'b [f32]) -> KernelInput<'b> {
        match value {
            Value::Input(index) => self.inputs[index],
            Value::Node(node) => KernelInput::Numbers(of_node(node)),
        }
    }
}
