//! Computes the gradients of parameters from the values that passes have recorded.
//!
//! The gradient of a weight is a matrix product over all rows of a batch, so it is computed after all passes of the
//! batch are complete. All gradients are then computed as one parallel task, which is split by the rows of the
//! parameters. No sums of different cores are added, so the bits of a gradient do not depend on the number of
//! threads.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use candle_core::{Result, Tensor, Var};

use super::{
    floats::tensor_values,
    gradients::{Fused, Gradient, Gradients},
    saved::{Pending, Use},
};
use crate::{
    network::Split,
    numeric::{BufferPool, Write, parallel_for_each, sum_of_squares},
};

/// Number of values of a gradient that one core computes at a time: few enough to stay in its cache, enough for
/// efficient matrix products.
const BLOCK: usize = 1 << 16;

/// Passes that have completed their backward computation, and the buffers of all passes.
#[derive(Debug, Default)]
pub(super) struct Tape {
    buffers: BufferPool,
    pending: Mutex<Vec<Pending>>,
}

impl Tape {
    pub(super) fn buffers(&self) -> &BufferPool {
        &self.buffers
    }

    pub(super) fn push(&self, pending: Pending) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
    }

    fn take(&self) -> Vec<Pending> {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the gradients of `loss` with respect to the variables, sorted by name.
    pub(super) fn gradients(&self, variables: &BTreeMap<String, Var>, loss: &Tensor) -> Result<Gradients> {
        // A backward pass that failed earlier may have left entries.
        drop(self.take());
        let composed = loss.backward()?;
        let fused = self.fused(variables, &self.take())?;
        let combined =
            variables.values().zip(fused).map(|(variable, fused)| Gradient::combined(fused, &composed, variable));
        Ok(Gradients(combined.collect::<Result<_>>()?))
    }

    /// Computes the gradient of each variable that a pass uses.
    fn fused(&self, variables: &BTreeMap<String, Var>, pending: &[Pending]) -> Result<Vec<Option<Fused>>> {
        let guards: Vec<_> = pending.iter().map(|pass| pass.input().storage_and_layout()).collect();
        let mut uses: Vec<Vec<Use<'_>>> = variables.iter().map(|_| Vec::new()).collect();
        for (pass, (storage, layout)) in pending.iter().zip(&guards) {
            pass.uses(tensor_values(storage, layout)?).for_each(|usage| uses[usage.variable].push(usage));
        }
        let allocate = |(variable, uses): (&Var, &Vec<_>)| {
            (!uses.is_empty()).then(|| Fused { values: self.buffers.take(variable.elem_count()), squares: Vec::new() })
        };
        let mut gradients: Vec<Option<Fused>> = variables.values().zip(&uses).map(allocate).collect();
        let mut items = Vec::new();
        for ((variable, gradient), uses) in variables.values().zip(&mut gradients).zip(&uses) {
            let Some(Fused { values: gradient, squares }) = gradient else { continue };
            let columns = variable.dims().get(1).copied().unwrap_or(variable.elem_count()).max(1);
            let Split { multiple, work } = split_of(uses);
            // Ranges of a convolution have all taps of at least 16 input channels, because each range repeats im2col.
            let multiple = if multiple == 1 { 48 } else { 16 * multiple };
            let rows = (BLOCK / columns / work.max(1)).next_multiple_of(multiple).max(multiple);
            squares.resize(gradient.len().div_ceil(rows * columns), 0.0);
            for (index, (values, sum_of_squares)) in gradient.chunks_mut(rows * columns).zip(squares).enumerate() {
                items.push(Item { uses, start: index * rows, columns, values, sum_of_squares });
            }
        }
        // The largest items first, so that no core still computes a large one when the others have finished.
        items.sort_by_key(|item| Reverse(item.values.len() * split_of(item.uses).work));
        let batch = uses.iter().flatten().map(|usage| usage.rows).max().unwrap_or(0);
        let work_of = |item: &Item<'_>| item.values.len() * split_of(item.uses).work;
        let work = items.iter().map(work_of).sum::<usize>() / items.len().max(1);
        parallel_for_each(2 * work * batch, items, Item::fill);
        Ok(gradients)
    }
}

/// Returns how the gradient of a variable can be split: the coarsest of its uses decides.
fn split_of(uses: &[Use<'_>]) -> Split {
    let splits = uses.iter().map(Use::split);
    splits.max_by_key(|split| (split.multiple, split.work)).unwrap_or(Split { multiple: 1, work: 1 })
}

/// A range of rows of a gradient.
struct Item<'a> {
    uses: &'a [Use<'a>],
    start: usize,
    columns: usize,
    values: &'a mut [f32],
    sum_of_squares: &'a mut f64,
}

impl Item<'_> {
    fn fill(self) {
        let rows = self.start..self.start + self.values.len() / self.columns;
        for (index, usage) in self.uses.iter().enumerate() {
            match (index, usage.rows) {
                // An empty batch has no matrices to multiply.
                (0, 0) => self.values.fill(0.0),
                (_, 0) => {}
                (0, _) => usage.write_gradient(rows.clone(), self.values, Write::Set),
                (_, _) => usage.write_gradient(rows.clone(), self.values, Write::Add),
            }
        }
        // The values are still in the cache of the core.
        *self.sum_of_squares = sum_of_squares(self.values);
    }
}
