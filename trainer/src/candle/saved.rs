//! Values that a pass saves: the results of all layers for the backward computation, and the inputs of the tape for the
//! gradients of parameters.

use std::{collections::BTreeMap, fmt, ops::Range, sync::Arc};

use candle_core::Tensor;

use super::steps::{Step, Steps};
use crate::{
    network::{KernelInput, ParameterRows, Split, Value},
    numeric::{Buffer, Write},
};

/// The results of a forward pass, saved for the backward pass.
pub(super) struct Saved {
    /// `[batch, ...]`, contiguous.
    pub(super) input: Tensor,
    pub(super) labels: Vec<Vec<u32>>,
    /// The result of every step.
    pub(super) results: Vec<Buffer>,
    /// The gradient of each row's loss with respect to the only output, if the pass computes a loss.
    pub(super) residual: Option<Buffer>,
    /// Statistics of the batch, of each step that normalised by them.
    pub(super) statistics: BTreeMap<usize, ChannelStatistics>,
}

/// Mean and variance of each channel over a batch.
pub(super) struct ChannelStatistics {
    pub(super) mean: Vec<f32>,
    pub(super) variance: Vec<f32>,
    /// Number of values per channel.
    pub(super) count: usize,
}

/// A pass with a completed backward computation. Only the gradients of its parameters remain to be computed.
pub(super) struct Pending {
    pub(super) steps: Arc<Steps>,
    pub(super) saved: Arc<Saved>,
    pub(super) rows: usize,
    /// Gradients with respect to the results of the steps, for each step that has its own buffer.
    pub(super) gradients: Vec<Option<Buffer>>,
}

/// One use of a variable as a parameter, for all rows of the batch.
pub(super) struct Use<'a> {
    pub(super) variable: usize,
    /// Number of rows of the batch.
    pub(super) rows: usize,
    step: &'a Step,
    /// Index among the parameters of the step.
    parameter: usize,
    inputs: Vec<KernelInput<'a>>,
    dy: &'a [f32],
}

impl Use<'_> {
    /// Returns how the gradient can be split.
    pub(super) fn split(&self) -> Split {
        self.step.kernel().split(self.parameter)
    }

    /// Writes a range of rows of the variable's gradient.
    pub(super) fn write_gradient(&self, rows: Range<usize>, into: &mut [f32], how: Write) {
        let of = ParameterRows {
            parameter: self.parameter,
            orientation: self.step.trained[self.parameter].orientation,
            rows,
        };
        self.step.kernel().parameter_gradient(&of, &self.inputs, self.dy, into, how);
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Pending {
    /// Returns the input of the pass.
    pub(super) fn input(&self) -> &Tensor {
        &self.saved.input
    }

    /// Returns all uses of variables, from the last step to the first. `input` contains the values of the pass's input.
    pub(super) fn uses<'a>(&'a self, input: &'a [f32]) -> impl Iterator<Item = Use<'a>> {
        let steps = self.steps.steps.iter().enumerate().rev();
        steps.flat_map(move |(index, step)| {
            // A step on which no output depends has no gradient.
            let dy = self.gradients[index].as_deref().or(self.saved.residual.as_deref().filter(|_| step.is_needed));
            let trained = step.trained.iter().enumerate();
            trained.filter_map(move |(parameter, trained)| {
                let inputs = step.inputs.iter().map(|&value| self.rows_of(value, input)).collect();
                Some(Use { variable: trained.variable, rows: self.rows, step, parameter, inputs, dy: dy? })
            })
        })
    }

    fn rows_of<'a>(&'a self, value: Value, input: &'a [f32]) -> KernelInput<'a> {
        match value {
            Value::Input(0) => KernelInput::Floats(input),
            Value::Input(index) => KernelInput::Labels(&self.saved.labels[index - 1]),
            Value::Node(node) => KernelInput::Floats(&self.saved.results[node]),
        }
    }
}
