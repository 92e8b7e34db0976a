//! What passes leave for the gradients of parameters, and how these are made of it.
//!
//! They are products over all rows of a batch, so they wait until its passes are through. Then all of them are
//! one piece of work, cut by the rows of the parameters: nothing is added up from several cores, and a
//! gradient's bits depend on no number of threads.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use candle_core::{Result, Tensor, Var};

use super::{
    floats::numbers,
    gradients::{Fused, Gradient, Gradients},
    kept::{Pending, Use},
};
use crate::numeric::{BufferPool, Write, spread, square};

/// Numbers of a gradient that one core makes at a time: they stay in its cache, and products keep their speed.
const BLOCK: usize = 1 << 16;

/// Passes that have been back, and the memory of all.
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

    /// The gradients of `loss` with respect to these variables, in the order of their names.
    pub(super) fn gradients(&self, variables: &BTreeMap<String, Var>, loss: &Tensor) -> Result<Gradients> {
        // What an earlier way back left when it failed.
        drop(self.take());
        let composed = loss.backward()?;
        let fused = self.fused(variables, &self.take())?;
        let joined =
            variables.values().zip(fused).map(|(variable, fused)| Gradient::joined(fused, &composed, variable));
        Ok(Gradients(joined.collect::<Result<_>>()?))
    }

    /// What the passes leave for each variable.
    fn fused(&self, variables: &BTreeMap<String, Var>, pending: &[Pending]) -> Result<Vec<Option<Fused>>> {
        let guards: Vec<_> = pending.iter().map(|pass| pass.input().storage_and_layout()).collect();
        let mut uses: Vec<Vec<Use<'_>>> = variables.iter().map(|_| Vec::new()).collect();
        for (pass, (storage, layout)) in pending.iter().zip(&guards) {
            pass.uses(numbers(storage, layout)?).for_each(|each| uses[each.variable].push(each));
        }
        let room = |(variable, uses): (&Var, &Vec<_>)| {
            (!uses.is_empty()).then(|| Fused { values: self.buffers.take(variable.elem_count()), squares: Vec::new() })
        };
        let mut gradients: Vec<Option<Fused>> = variables.values().zip(&uses).map(room).collect();
        let mut items = Vec::new();
        for ((variable, gradient), uses) in variables.values().zip(&mut gradients).zip(&uses) {
            let Some(Fused { values: gradient, squares }) = gradient else { continue };
            let columns = variable.dims().get(1).copied().unwrap_or(variable.elem_count()).max(1);
            let rows = (BLOCK / columns).next_multiple_of(48).max(48);
            squares.resize(gradient.len().div_ceil(rows * columns), 0.0);
            for (index, (part, square)) in gradient.chunks_mut(rows * columns).zip(squares).enumerate() {
                items.push(Item { uses, start: index * rows, columns, part, square });
            }
        }
        // The smallest last, so that no core has a large one left when the others are done.
        items.sort_by_key(|item| Reverse(item.part.len()));
        let batch = uses.iter().flatten().map(|each| each.rows).max().unwrap_or(0);
        let work = items.iter().map(|item| item.part.len()).sum::<usize>() / items.len().max(1);
        spread(2 * work * batch, items, Item::fill);
        Ok(gradients)
    }
}

/// Some rows of a gradient.
struct Item<'a> {
    uses: &'a [Use<'a>],
    start: usize,
    columns: usize,
    part: &'a mut [f32],
    square: &'a mut f64,
}

impl Item<'_> {
    fn fill(self) {
        let rows = self.start..self.start + self.part.len() / self.columns;
        for (index, each) in self.uses.iter().enumerate() {
            match (index, each.rows) {
                // There are no numbers to see as matrices.
                (0, 0) => self.part.fill(0.0),
                (_, 0) => {}
                (0, _) => each.gradient(rows.clone(), self.part, Write::Set),
                (_, _) => each.gradient(rows.clone(), self.part, Write::Add),
            }
        }
        // Now it is still in the core's cache.
        *self.square = square(self.part);
    }
}
