//! The gradients of parameters: what passes leave for them, and how they are added up.
//!
//! They are products over all rows of a batch, so they wait until its passes are through. Then all of them are
//! one piece of work, cut by the rows of the parameters: nothing is added up from several cores, and a
//! gradient's bits depend on no number of threads.

use std::{
    cmp::Reverse,
    sync::{Mutex, PoisonError},
};

use candle_core::{Layout, Result, Storage, Tensor, backprop::GradStore};

use super::{
    Parameters,
    floats::{read, values},
    gradients::{square, squares},
    pass::{Pending, Seen, Use},
};
use crate::{
    network::ParameterGradient,
    numeric::{Matrix, Slab, Slabs, Write, product, spread},
};

/// Numbers of a gradient that one core makes at a time: they stay in its cache, and products keep their speed.
const BLOCK: usize = 1 << 16;

/// Passes that have been back, and the memory of all.
#[derive(Debug, Default)]
pub(super) struct Tape {
    slabs: Slabs,
    pending: Mutex<Vec<Pending>>,
}

/// The gradient of one parameter.
#[derive(Debug)]
enum Gradient {
    /// What Candle's own operations found.
    Composed(Tensor),
    /// What passes found, with the sums of the squares of its blocks.
    Fused(Slab, Vec<f64>),
    /// The sum of both.
    Joined(Slab),
}

/// The gradients of a loss with respect to all parameters, in the order of their names; some may have none.
#[derive(Debug)]
pub struct Gradients(Vec<Option<Gradient>>);

impl Gradients {
    /// Hands all gradients to `reader`.
    ///
    /// # Errors
    /// For gradients of another type than 32-bit floats.
    pub(crate) fn read<R>(&self, reader: impl FnOnce(&[Option<&[f32]>]) -> R) -> Result<R> {
        let tensors = self.0.iter().map(|gradient| match gradient {
            Some(Gradient::Composed(tensor)) => tensor.contiguous().map(Some),
            Some(Gradient::Fused(..) | Gradient::Joined(_)) | None => Ok(None),
        });
        let tensors: Vec<Option<Tensor>> = tensors.collect::<Result<_>>()?;
        let guards: Vec<_> = tensors.iter().map(|tensor| tensor.as_ref().map(Tensor::storage_and_layout)).collect();
        let slices = self.0.iter().zip(&guards).map(|(gradient, guard)| match (gradient, guard) {
            (Some(Gradient::Fused(slab, _) | Gradient::Joined(slab)), _) => Ok(Some(&**slab)),
            (_, Some((storage, layout))) => numbers(storage, layout).map(Some),
            (_, None) => Ok(None),
        });
        Ok(reader(&slices.collect::<Result<Vec<_>>>()?))
    }

    /// The sum of the squares of each gradient, added up in a fixed order.
    ///
    /// # Errors
    /// As [`read`](Gradients::read).
    pub(super) fn squares(&self) -> Result<Vec<Option<f64>>> {
        self.read(|gradients| {
            let known = |gradient: &Option<Gradient>| match gradient {
                Some(Gradient::Fused(_, squares)) => Some(squares.iter().sum()),
                Some(Gradient::Composed(_) | Gradient::Joined(_)) | None => None,
            };
            let known: Vec<Option<f64>> = self.0.iter().map(known).collect();
            let unknown = gradients.iter().zip(&known).map(|(gradient, known)| (*gradient).filter(|_| known.is_none()));
            let rest: Vec<Option<&[f32]>> = unknown.collect();
            known.iter().zip(squares(&rest)).map(|(known, found)| known.or(found)).collect()
        })
    }
}

/// The values of a contiguous tensor.
fn numbers<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => values(storage, layout),
        _ => candle_core::bail!("gradients of fused kernels are on the CPU"),
    }
}

impl Tape {
    pub(super) fn slabs(&self) -> &Slabs {
        &self.slabs
    }

    pub(super) fn push(&self, pending: Pending) {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).push(pending);
    }

    fn take(&self) -> Vec<Pending> {
        std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The gradients of `loss`.
    pub(super) fn gradients(&self, parameters: &Parameters, loss: &Tensor) -> Result<Gradients> {
        // What an earlier way back left when it failed.
        drop(self.take());
        let composed = loss.backward()?;
        let pending = self.take();
        let uses: Vec<Use<'_>> = pending.iter().flat_map(Pending::uses).collect();
        let mut gradients: Vec<Option<(Slab, Vec<f64>)>> = parameters
            .iter()
            .enumerate()
            .map(|(index, (_, variable))| {
                let is_used = uses.iter().any(|each| each.variable == index);
                is_used.then(|| (self.slabs.take(variable.elem_count()), Vec::new()))
            })
            .collect();
        self.fill(parameters, &uses, &mut gradients)?;
        let joined = parameters.iter().zip(gradients).map(|((_, variable), fused)| joined(fused, &composed, variable));
        Ok(Gradients(joined.collect::<Result<_>>()?))
    }

    fn fill(
        &self,
        parameters: &Parameters,
        uses: &[Use<'_>],
        gradients: &mut [Option<(Slab, Vec<f64>)>],
    ) -> Result<()> {
        let inputs: Vec<Option<&Tensor>> = uses.iter().map(Use::input).collect();
        let guards: Vec<Option<_>> = inputs.iter().map(|input| input.map(Tensor::storage_and_layout)).collect();
        let mut uses_of: Vec<Vec<Made<'_>>> = gradients.iter().map(|_| Vec::new()).collect();
        for (each, guard) in uses.iter().zip(&guards) {
            let numbers = guard.as_ref().map(|(storage, layout)| numbers(storage, layout)).transpose()?;
            uses_of[each.variable].push(Made { of: *each, numbers });
        }
        let mut items = Vec::new();
        for (((_, variable), gradient), uses) in parameters.iter().zip(gradients).zip(&uses_of) {
            let Some((gradient, squares)) = gradient else { continue };
            let columns = variable.dims().get(1).copied().unwrap_or(variable.elem_count()).max(1);
            let rows = (BLOCK / columns).next_multiple_of(48).max(48);
            squares.resize(gradient.len().div_ceil(rows * columns), 0.0);
            for (index, (part, square)) in gradient.chunks_mut(rows * columns).zip(squares).enumerate() {
                items.push(Item { uses, start: index * rows, columns, part, square });
            }
        }
        // The smallest last, so that no core has a large one left when the others are done.
        items.sort_by_key(|item| Reverse(item.part.len()));
        let batch = uses.iter().map(|each| each.rows).max().unwrap_or(0);
        let work = items.iter().map(|item| item.part.len()).sum::<usize>() / items.len().max(1);
        spread(2 * work * batch, items, Item::fill);
        Ok(())
    }
}

/// A use with the numbers of the pass's input, where it is that.
struct Made<'a> {
    of: Use<'a>,
    numbers: Option<&'a [f32]>,
}

/// Some rows of a gradient.
struct Item<'a> {
    uses: &'a [Made<'a>],
    start: usize,
    columns: usize,
    part: &'a mut [f32],
    square: &'a mut f64,
}

impl Item<'_> {
    fn fill(self) {
        let rows = self.start..self.start + self.part.len() / self.columns;
        for (index, made) in self.uses.iter().enumerate() {
            let how = if index == 0 { Write::Set } else { Write::Add };
            let Use { x, dy, rows: batch, .. } = made.of;
            let width = dy.len() / batch.max(1);
            if batch == 0 {
                self.part.fill(0.0);
                continue;
            }
            match (made.of.gradient, x) {
                (ParameterGradient::Product, Seen::Input(_) | Seen::Numbers(_)) => {
                    let x = match x {
                        Seen::Numbers(numbers) => numbers,
                        _ => made.numbers.unwrap_or_default(),
                    };
                    let (x, dy) = (Matrix::of_rows(x, x.len() / batch.max(1)), Matrix::of_rows(dy, width));
                    let (left, right) = if made.of.transposed { (dy, x) } else { (x, dy) };
                    product(left.t().rows(rows.clone()), right, self.part, how);
                }
                (ParameterGradient::RowSum, _) => sum_rows(dy, self.part, how),
                (ParameterGradient::RowSumByLabel, Seen::Labels(labels)) => {
                    sum_rows_by_label(labels, dy, &rows, self.part, how);
                }
                // Nothing else is asked for labels' or numbers' gradients.
                (ParameterGradient::Product, Seen::Labels(_)) | (ParameterGradient::RowSumByLabel, _) => {}
            }
        }
        // Now it is still in the core's cache.
        *self.square = square(self.part);
    }
}

fn sum_rows(dy: &[f32], into: &mut [f32], how: Write) {
    if how == Write::Set {
        into.fill(0.0);
    }
    for row in dy.chunks_exact(into.len().max(1)) {
        into.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
}

fn sum_rows_by_label(labels: &[u32], dy: &[f32], rows: &std::ops::Range<usize>, into: &mut [f32], how: Write) {
    if how == Write::Set {
        into.fill(0.0);
    }
    let width = into.len() / rows.len().max(1);
    for (row, &label) in dy.chunks_exact(width.max(1)).zip(labels) {
        if let Some(at) = (label as usize).checked_sub(rows.start).filter(|at| *at < rows.len()) {
            into[at * width..(at + 1) * width].iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
}

/// What passes and what Candle's own operations found for one parameter.
fn joined(fused: Option<(Slab, Vec<f64>)>, composed: &GradStore, variable: &Tensor) -> Result<Option<Gradient>> {
    match (fused, composed.get(variable)) {
        (None, composed) => Ok(composed.cloned().map(Gradient::Composed)),
        (Some((slab, squares)), None) => Ok(Some(Gradient::Fused(slab, squares))),
        (Some((mut slab, _)), Some(tensor)) => {
            read(tensor, |values| slab.iter_mut().zip(values).for_each(|(sum, value)| *sum += value))?;
            Ok(Some(Gradient::Joined(slab)))
        }
    }
}
