//! A pass on its way back.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::{
    Goal, Kept, Pending,
    op::{Pass, blocks, deal},
    steps::{Step, Steps},
    walk::Walk,
};
use crate::{
    candle::floats::read,
    numeric::{Slab, Slabs, spread},
};

/// Rows that go back through all layers on one core, of a batch of so many: the products there come out by columns,
/// and fill vectors from 64 rows on.
fn backward_rows(batch: usize) -> usize {
    (batch / 8).next_multiple_of(64).clamp(64, 128)
}

impl Pass {
    /// The gradient of the input, if it is asked for, from that of the result. What gradients of parameters are made of
    /// goes to the tape.
    pub(super) fn backward(&self, incoming: &Tensor, asks_for_input: bool) -> Result<Option<Tensor>> {
        let Some(kept) = self.kept().clone() else { candle_core::bail!("a pass goes forward before it goes back") };
        let (slabs, each) = (self.tape.slabs(), backward_rows(self.rows));
        let mut gradients = self.room_for_gradients(slabs, &kept, incoming)?;
        let mut of_input = asks_for_input.then(|| vec![0.0; self.input.elem_count()]);
        let input_width = self.input.elem_count() / self.rows.max(1);
        self.steps.read(|parameters| {
            read(&self.input, |input| {
                let mut blocks: Vec<Backward<'_>> = blocks(self.rows, each)
                    .map(|rows| Backward {
                        walk: Walk { steps: &self.steps, parameters, inputs: self.inputs(input, rows.clone()) },
                        results: results_of(&kept, &self.steps, rows.clone()),
                        goal: None,
                        rows,
                        gradients: Vec::new(),
                        of_input: None,
                    })
                    .collect();
                for (slab, step) in gradients.iter_mut().zip(&self.steps.steps) {
                    match slab {
                        Some(slab) => {
                            deal(slab, each * step.width, &mut blocks, |block, part| block.gradients.push(Some(part)));
                        }
                        None => blocks.iter_mut().for_each(|block| block.gradients.push(None)),
                    }
                }
                if let Some(of_input) = &mut of_input {
                    deal(of_input, each * input_width, &mut blocks, |block, part| block.of_input = Some(part));
                }
                if let Some(residual) = &kept.residual {
                    let width = self.output_width();
                    for block in &mut blocks {
                        block.goal = Some(&residual[block.rows.start * width..block.rows.end * width]);
                    }
                }
                spread(each * self.steps.work(), blocks, |mut block| {
                    block.walk.backward(&block.results, &mut block.gradients, block.goal, block.of_input);
                });
            })
        })?;
        self.tape.push(Pending { steps: self.steps.clone(), kept, rows: self.rows, gradients });
        of_input.map(|values| Tensor::from_vec(values, self.input.shape(), self.input.device())).transpose()
    }

    /// A slab for every gradient of a result that is needed; those of the outputs hold what came in. The
    /// gradient of a goal's output is the residual itself, if what came in is 1.
    fn room_for_gradients(&self, slabs: &Slabs, kept: &Kept, incoming: &Tensor) -> Result<Vec<Option<Slab>>> {
        let steps = &self.steps.steps;
        let mut gradients: Vec<Option<Slab>> =
            steps.iter().map(|step| step.is_reached.then(|| slabs.take(self.rows * step.width))).collect();
        let width = self.output_width();
        match (&self.goal, &kept.residual) {
            (Some(goal), Some(residual)) => {
                let factors = goal.factors(incoming)?;
                let output = self.steps.outputs[0];
                match &mut gradients[output] {
                    Some(_) if factors.iter().all(|&factor| factor == 1.0) => gradients[output] = None,
                    Some(slab) => {
                        let rows = slab.chunks_exact_mut(width).zip(residual.chunks_exact(width));
                        for ((into, residual), factor) in rows.zip(factors.iter().cycle()) {
                            into.iter_mut().zip(residual).for_each(|(into, residual)| *into = factor * residual);
                        }
                    }
                    None => {}
                }
            }
            _ => read(incoming, |mut incoming| {
                for &node in &self.steps.outputs {
                    let (own, rest) = incoming.split_at(self.rows * steps[node].width);
                    if let Some(slab) = &mut gradients[node] {
                        slab.copy_from_slice(own);
                    }
                    incoming = rest;
                }
            })?,
        }
        Ok(gradients)
    }
}

impl Goal {
    /// What came in, one number a row or one for all, so that a factor of 1 leaves the residual as it is.
    fn factors(&self, incoming: &Tensor) -> Result<Vec<f32>> {
        incoming.flatten_all()?.to_vec1()
    }
}

/// A block of rows on its way back.
struct Backward<'a> {
    walk: Walk<'a>,
    rows: Range<usize>,
    results: Vec<&'a [f32]>,
    goal: Option<&'a [f32]>,
    gradients: Vec<Option<&'a mut [f32]>>,
    of_input: Option<&'a mut [f32]>,
}

fn results_of<'a>(kept: &'a Kept, steps: &Steps, rows: Range<usize>) -> Vec<&'a [f32]> {
    let of_step = |(slab, step): (&'a Slab, &Step)| &slab[rows.start * step.width..rows.end * step.width];
    kept.results.iter().zip(&steps.steps).map(of_step).collect()
}
