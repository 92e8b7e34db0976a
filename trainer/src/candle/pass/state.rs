//! A graph with its inputs, and what is kept between the way forward and the way back.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use candle_core::Tensor;

use super::goal::Goal;
use crate::{
    candle::{kept::Kept, steps::Steps, tape::Tape},
    network::KernelInput,
};

/// A graph with its inputs, on their way.
pub(super) struct Pass {
    pub(super) steps: Arc<Steps>,
    pub(super) rows: usize,
    pub(super) input: Tensor,
    pub(super) labels: Vec<Vec<u32>>,
    pub(super) goal: Option<Goal>,
    pub(super) tape: Arc<Tape>,
    pub(super) kept: Mutex<Option<Arc<Kept>>>,
}

impl Pass {
    /// The inputs of some rows.
    pub(super) fn inputs<'a>(&'a self, input: &'a [f32], rows: Range<usize>) -> Vec<KernelInput<'a>> {
        let width = input.len() / self.rows.max(1);
        let labels = self.labels.iter().map(|labels| KernelInput::Labels(&labels[rows.clone()]));
        std::iter::once(KernelInput::Numbers(&input[rows.start * width..rows.end * width])).chain(labels).collect()
    }

    /// Numbers in a row of all outputs.
    pub(super) fn output_width(&self) -> usize {
        self.steps.outputs.iter().map(|&node| self.steps.steps[node].width).sum()
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Option<Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
