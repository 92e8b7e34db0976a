//! The state of a pass: a graph with its inputs, and the values saved between the forward and the backward computation.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use candle_core::Tensor;

use super::objective::Objective;
use crate::{
    candle::{saved::Saved, steps::Steps, tape::Tape},
    network::KernelInput,
};

/// A graph with its inputs, and the values saved for the backward computation.
pub(super) struct Pass {
    pub(super) steps: Arc<Steps>,
    pub(super) rows: usize,
    pub(super) input: Tensor,
    pub(super) labels: Vec<Vec<u32>>,
    pub(super) objective: Option<Objective>,
    pub(super) tape: Arc<Tape>,
    pub(super) saved: Mutex<Option<Arc<Saved>>>,
}

impl Pass {
    /// Returns the inputs of a range of rows.
    pub(super) fn inputs<'a>(&'a self, input: &'a [f32], rows: Range<usize>) -> Vec<KernelInput<'a>> {
        let width = input.len() / self.rows.max(1);
        let labels = self.labels.iter().map(|labels| KernelInput::Labels(&labels[rows.clone()]));
        std::iter::once(KernelInput::Floats(&input[rows.start * width..rows.end * width])).chain(labels).collect()
    }

    /// Returns the total width of all outputs.
    pub(super) fn output_width(&self) -> usize {
        self.steps.outputs.iter().map(|&node| self.steps.steps[node].width).sum()
    }

    pub(super) fn saved(&self) -> MutexGuard<'_, Option<Arc<Saved>>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
