//! What a pass leaves: for its way back the results of all layers, for the tape what the gradients of
//! parameters are made of.

use std::{fmt, ops::Range, sync::Arc};

use candle_core::Tensor;

use super::steps::{Step, Steps};
use crate::{
    network::{KernelInput, ParameterRows, Value},
    numeric::{Buffer, Write},
};

/// The results of a forward pass.
pub(super) struct Kept {
    /// `[batch, ...]`, contiguous.
    pub(super) input: Tensor,
    pub(super) labels: Vec<Vec<u32>>,
    /// Of every step.
    pub(super) results: Vec<Buffer>,
    /// The gradient of every row's loss with respect to the only output, where there is a goal.
    pub(super) residual: Option<Buffer>,
}

/// A pass that has been back: what is left to do are the gradients of its parameters.
pub(super) struct Pending {
    pub(super) steps: Arc<Steps>,
    pub(super) kept: Arc<Kept>,
    pub(super) rows: usize,
    /// With respect to the result of every step that has one of its own.
    pub(super) gradients: Vec<Option<Buffer>>,
}

/// One use of a variable, all rows of it.
pub(super) struct Use<'a> {
    pub(super) variable: usize,
    /// Rows of the batch.
    pub(super) rows: usize,
    step: &'a Step,
    /// Its number among the parameters of the step.
    parameter: usize,
    inputs: Vec<KernelInput<'a>>,
    dy: &'a [f32],
}

impl Use<'_> {
    /// Writes these rows of the variable's gradient.
    pub(super) fn gradient(&self, rows: Range<usize>, into: &mut [f32], how: Write) {
        let of = ParameterRows { parameter: self.parameter, held: self.step.trained[self.parameter].held, rows };
        self.step.kernel().parameter_gradient(&of, &self.inputs, self.dy, into, how);
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pending").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Pending {
    /// The input of the pass.
    pub(super) fn input(&self) -> &Tensor {
        &self.kept.input
    }

    /// Every use of a variable, from the last step to the first, for the numbers of the pass's input.
    pub(super) fn uses<'a>(&'a self, input: &'a [f32]) -> impl Iterator<Item = Use<'a>> {
        let steps = self.steps.steps.iter().enumerate().rev();
        steps.flat_map(move |(index, step)| {
            // What no output depends on has no gradient.
            let dy = self.gradients[index].as_deref().or(self.kept.residual.as_deref().filter(|_| step.is_reached));
            let trained = step.trained.iter().enumerate();
            trained.filter_map(move |(parameter, trained)| {
                let inputs = step.inputs.iter().map(|&value| self.rows_of(value, input)).collect();
                Some(Use { variable: trained.variable, rows: self.rows, step, parameter, inputs, dy: dy? })
            })
        })
    }

    fn rows_of<'a>(&'a self, value: Value, input: &'a [f32]) -> KernelInput<'a> {
        match value {
            Value::Input(0) => KernelInput::Numbers(input),
            Value::Input(index) => KernelInput::Labels(&self.kept.labels[index - 1]),
            Value::Node(node) => KernelInput::Numbers(&self.kept.results[node]),
        }
    }
}
