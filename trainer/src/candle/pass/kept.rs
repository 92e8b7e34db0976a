//! What a pass leaves: for its way back the results of all layers, for the tape what the gradients of
//! parameters are made of.

use std::sync::Arc;

use candle_core::Tensor;

use super::steps::Steps;
use crate::{
    network::{ParameterGradient, Value},
    numeric::Slab,
};

/// The results of a forward pass.
pub(super) struct Kept {
    /// `[batch, ...]`, contiguous.
    pub(super) input: Tensor,
    pub(super) labels: Vec<Vec<u32>>,
    /// Of every step.
    pub(super) results: Vec<Slab>,
    /// The gradient of every row's loss with respect to the only output, where there is a goal.
    pub(super) residual: Option<Slab>,
}

/// A pass that has been back: what is left to do are the gradients of its parameters.
pub(in crate::candle) struct Pending {
    pub(super) steps: Arc<Steps>,
    pub(super) kept: Arc<Kept>,
    pub(super) rows: usize,
    /// With respect to the result of every step that has one of its own.
    pub(super) gradients: Vec<Option<Slab>>,
}

/// One use of a variable, all rows of it.
#[derive(Clone, Copy)]
pub(in crate::candle) struct Use<'a> {
    pub(in crate::candle) variable: usize,
    /// Whether the variable is the transpose of what was used.
    pub(in crate::candle) transposed: bool,
    pub(in crate::candle) gradient: ParameterGradient,
    pub(in crate::candle) x: Seen<'a>,
    pub(in crate::candle) dy: &'a [f32],
    pub(in crate::candle) rows: usize,
}

/// What went into a step first.
#[derive(Clone, Copy)]
pub(in crate::candle) enum Seen<'a> {
    /// The input of the pass.
    Input(&'a Tensor),
    Numbers(&'a [f32]),
    Labels(&'a [u32]),
}

impl<'a> Use<'a> {
    /// The input of the pass, where it is that.
    pub(in crate::candle) fn input(&self) -> Option<&'a Tensor> {
        match self.x {
            Seen::Input(tensor) => Some(tensor),
            Seen::Numbers(_) | Seen::Labels(_) => None,
        }
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pending").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Pending {
    /// Every use of a variable, from the last step to the first.
    pub(in crate::candle) fn uses(&self) -> impl Iterator<Item = Use<'_>> {
        self.steps.steps.iter().enumerate().rev().flat_map(move |(index, step)| {
            let dy = self.gradients[index].as_deref().or(self.kept.residual.as_deref().filter(|_| step.is_reached));
            let x = match step.inputs.first() {
                Some(Value::Input(0)) => Some(Seen::Input(&self.kept.input)),
                Some(Value::Input(index)) => self.kept.labels.get(index - 1).map(|labels| Seen::Labels(labels)),
                Some(Value::Node(node)) => Some(Seen::Numbers(&self.kept.results[*node])),
                None => None,
            };
            let gradients = step.kernel().parameter_gradients().iter().zip(&step.trained);
            gradients.filter_map(move |(&gradient, trained)| {
                let (variable, transposed) = (trained.variable, trained.transposed);
                Some(Use { variable, transposed, gradient, x: x?, dy: dy?, rows: self.rows })
            })
        })
    }
}
