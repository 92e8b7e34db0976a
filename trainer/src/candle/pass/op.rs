//! The pass as Candle sees it: an operation with its own backward.

use std::{
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use super::{Goal, Kept, Steps};
use crate::{candle::tape::Tape, network::Rows};

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
    /// Runs it; the result carries the way back.
    pub(super) fn apply(self) -> Result<Tensor> {
        let input = self.input.clone();
        let Some(anchor) = self.steps.anchor().cloned() else { candle_core::bail!("a network without parameters") };
        input.apply_op2(&anchor, self)
    }

    /// The inputs of some rows.
    pub(super) fn inputs<'a>(&'a self, input: &'a [f32], rows: Range<usize>) -> Vec<Rows<'a>> {
        let width = input.len() / self.rows.max(1);
        let labels = self.labels.iter().map(|labels| Rows::Labels(&labels[rows.clone()]));
        std::iter::once(Rows::Numbers(&input[rows.start * width..rows.end * width])).chain(labels).collect()
    }

    /// Numbers in a row of all outputs.
    pub(super) fn output_width(&self) -> usize {
        self.steps.outputs.iter().map(|&node| self.steps.steps[node].width).sum()
    }

    pub(super) fn kept(&self) -> MutexGuard<'_, Option<Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CustomOp2 for Pass {
    fn name(&self) -> &'static str {
        "pass"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        layout: &Layout,
        _anchor: &CpuStorage,
        _anchor_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else { candle_core::bail!("a pass takes whole rows") };
        self.forward(&input.as_slice::<f32>()?[start..end])
    }

    /// The anchor's own gradient waits on the tape with those of all parameters.
    fn bwd(
        &self,
        input: &Tensor,
        _anchor: &Tensor,
        _result: &Tensor,
        incoming: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((self.backward(incoming, input.track_op())?, None))
    }
}

/// The blocks of so many rows.
pub(super) fn blocks(rows: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(size).map(move |start| start..rows.min(start + size))
}

/// Hands every block its part.
pub(super) fn deal<'a, T, B>(
    values: &'a mut [T],
    size: usize,
    blocks: &mut [B],
    mut give: impl FnMut(&mut B, &'a mut [T]),
) {
    blocks.iter_mut().zip(values.chunks_mut(size.max(1))).for_each(|(block, part)| give(block, part));
}
