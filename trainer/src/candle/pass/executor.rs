//! Executes a graph forward and backward for a block of rows on one core.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    candle::{
        saved::ChannelStatistics,
        steps::{Step, Steps},
    },
    network::{BackwardContext, KernelInput, Value},
    numeric::{GradientSums, Matrix, Moments, Write},
};

/// Executes the steps of a graph on a block of rows. `inputs` contains these rows of the graph's inputs.
pub(super) struct Executor<'a> {
    pub(super) steps: &'a Steps,
    pub(super) parameters: &'a [Vec<Matrix<'a>>],
    pub(super) inputs: Vec<KernelInput<'a>>,
}

/// The statistics of batches, by step.
pub(super) type BatchStatistics = BTreeMap<usize, ChannelStatistics>;

/// The means over the batch of `dy` and of `dy * y` per channel, by step.
pub(super) type GradientMeans = BTreeMap<usize, [Vec<f32>; 2]>;

/// The gradients of a block of rows, while they are computed.
pub(super) struct BlockGradients<'a> {
    /// The gradients with respect to the results of the steps, for each step that has a buffer.
    pub(super) by_step: Vec<Option<&'a mut [f32]>>,
    /// The gradient of the only output, if it has no buffer.
    pub(super) residual: Option<&'a [f32]>,
    /// The gradient with respect to the first input, if it is needed.
    pub(super) input: Option<&'a mut [f32]>,
    /// Which gradients have been written. The next gradient of the same value is added.
    is_written: Vec<bool>,
    input_is_written: bool,
}

impl<'a> BlockGradients<'a> {
    /// Creates gradients of which only those of the outputs are known: in their buffers or in `residual`.
    pub(super) fn new(steps: &Steps, residual: Option<&'a [f32]>) -> Self {
        let is_written = (0..steps.steps.len()).map(|node| steps.outputs.contains(&node)).collect();
        BlockGradients { by_step: Vec::new(), residual, input: None, is_written, input_is_written: false }
    }
}

impl Executor<'_> {
    /// Computes the results of a range of steps. `statistics` contains those of the batch for the steps that normalise
    /// by them.
    pub(super) fn forward(&self, range: Range<usize>, statistics: &BatchStatistics, results: &mut [&mut [f32]]) {
        for index in range {
            let step = &self.steps.steps[index];
            let (before, rest) = results.split_at_mut(index);
            let inputs = self.inputs_of(step, |node| &*before[node]);
            let Some(y) = rest.first_mut() else { unreachable!("every step has a buffer for its result") };
            match statistics.get(&index) {
                None => step.kernel().forward(&inputs, &self.parameters[index], y),
                Some(batch) => step.kernel().forward(&inputs, &[vector(&batch.mean), vector(&batch.variance)], y),
            }
        }
    }

    /// Returns the moments of the input of a step that normalises by the batch.
    pub(super) fn moments(&self, index: usize, results: &[&mut [f32]]) -> Moments {
        let step = &self.steps.steps[index];
        let inputs = self.inputs_of(step, |node| &*results[node]);
        Moments::of(inputs[0].floats(), step.batch_channels.unwrap_or(0))
    }

    /// Computes the gradients with respect to the inputs of a range of steps, from the last step to the first.
    /// `statistics` and `means` contain those of the batch for the steps that normalise by them.
    pub(super) fn backward(
        &self,
        range: Range<usize>,
        (statistics, means): (&BatchStatistics, &GradientMeans),
        results: &[&[f32]],
        gradients: &mut BlockGradients<'_>,
    ) {
        for index in range.rev() {
            let step = &self.steps.steps[index];
            let (before, rest) = gradients.by_step.split_at_mut(index);
            let own = rest.first_mut().and_then(|gradient| gradient.as_deref());
            // A step on which no output depends has no gradient.
            let residual = gradients.residual.filter(|_| self.steps.outputs.contains(&index));
            let Some(dy) = own.or(residual) else { continue };
            let inputs = self.inputs_of(step, |node| results[node]);
            let of_batch = match (statistics.get(&index), means.get(&index)) {
                (Some(batch), Some([dy, product])) => {
                    Some([&batch.mean, &batch.variance, dy, product].map(|values| vector(values)))
                }
                (None, _) | (_, None) => None,
            };
            let parameters = of_batch.as_ref().map_or(self.parameters[index].as_slice(), <[_; 4]>::as_slice);
            let context = BackwardContext { inputs: &inputs, parameters, y: results[index], dy };
            for (position, &value) in step.inputs.iter().enumerate() {
                let (into, written) = match value {
                    Value::Node(node) => (before[node].as_deref_mut(), &mut gradients.is_written[node]),
                    Value::Input(0) => (gradients.input.as_deref_mut(), &mut gradients.input_is_written),
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

    /// Returns the sums of a step that normalises by the batch, once the gradient of its result is complete; `None` if
    /// no output depends on it.
    pub(super) fn gradient_sums(
        &self,
        index: usize,
        results: &[&[f32]],
        gradients: &BlockGradients<'_>,
    ) -> Option<GradientSums> {
        let residual = gradients.residual.filter(|_| self.steps.outputs.contains(&index));
        let dy = gradients.by_step[index].as_deref().or(residual)?;
        Some(GradientSums::of(results[index], dy, self.steps.steps[index].batch_channels.unwrap_or(0)))
    }

    fn inputs_of<'b>(&'b self, step: &Step, of_node: impl Fn(usize) -> &'b [f32]) -> Vec<KernelInput<'b>> {
        let rows = |&value: &Value| match value {
            Value::Input(index) => self.inputs[index],
            Value::Node(node) => KernelInput::Floats(of_node(node)),
        };
        step.inputs.iter().map(rows).collect()
    }
}

fn vector(values: &[f32]) -> Matrix<'_> {
    Matrix::of_rows(values, values.len())
}
