//! A pass on its way forward.

use std::{ops::Range, sync::Arc};

use candle_core::{CpuStorage, Result, Shape};

use super::{
    Goal, Kept,
    op::{Pass, blocks, deal},
    walk::Walk,
};
use crate::{
    candle::floats::read,
    numeric::{Slab, spread},
};

/// Rows that go through all layers on one core on the way forward, of a batch of so many.
///
/// Small blocks leave work for all cores, large ones read the weights less often.
fn forward_rows(batch: usize) -> usize {
    (batch / 8).next_multiple_of(32).clamp(32, 128)
}

impl Pass {
    /// What comes out; what the way back needs is kept.
    pub(super) fn forward(&self, input: &[f32]) -> Result<(CpuStorage, Shape)> {
        let (slabs, each) = (self.tape.slabs(), forward_rows(self.rows));
        let mut results: Vec<Slab> = self.steps.steps.iter().map(|step| slabs.take(self.rows * step.width)).collect();
        let (mut residual, mut losses) = (None, Vec::new());
        if let Some(goal) = &self.goal {
            residual = Some(slabs.take(goal.targets.elem_count()));
            losses = vec![0.0; self.rows];
        }
        self.steps.read(|parameters| {
            let mut blocks: Vec<Forward<'_>> = blocks(self.rows, each)
                .map(|rows| Forward {
                    walk: Walk { steps: &self.steps, parameters, inputs: self.inputs(input, rows.clone()) },
                    rows,
                    results: Vec::new(),
                    residual: None,
                    losses: &mut [],
                })
                .collect();
            for (slab, step) in results.iter_mut().zip(&self.steps.steps) {
                deal(slab, each * step.width, &mut blocks, |block, part| block.results.push(part));
            }
            let Some(goal) = &self.goal else {
                spread(each * self.steps.work(), blocks, |mut block| block.walk.forward(&mut block.results));
                return Ok(());
            };
            let width = self.output_width();
            if let Some(residual) = &mut residual {
                deal(residual, each * width, &mut blocks, |block, part| block.residual = Some(part));
            }
            deal(&mut losses, each, &mut blocks, |block, part| block.losses = part);
            read(&goal.targets, |targets| {
                spread(each * (self.steps.work() + goal.loss.work() * width), blocks, |mut block| {
                    block.walk.forward(&mut block.results);
                    block.reach(goal, self.rows, self.steps.outputs[0], width, targets);
                });
            })
        })?;
        let output = match &self.goal {
            None => self.outputs(&results),
            Some(goal) => goal.reduction.of(&losses),
        };
        let kept = Kept { input: self.input.clone(), labels: self.labels.clone(), results, residual };
        *self.kept() = Some(Arc::new(kept));
        Ok(output)
    }

    /// The only output, or the numbers of one output after those of another: so that each lies in one piece.
    fn outputs(&self, results: &[Slab]) -> (CpuStorage, Shape) {
        match self.steps.outputs.as_slice() {
            &[only] => {
                (CpuStorage::F32(results[only].to_vec()), Shape::from((self.rows, self.steps.steps[only].width)))
            }
            several => {
                let values: Vec<f32> = several.iter().flat_map(|&node| results[node].iter().copied()).collect();
                let count = values.len();
                (CpuStorage::F32(values), Shape::from(count))
            }
        }
    }
}

/// A block of rows on its way forward.
struct Forward<'a> {
    walk: Walk<'a>,
    rows: Range<usize>,
    results: Vec<&'a mut [f32]>,
    residual: Option<&'a mut [f32]>,
    losses: &'a mut [f64],
}

impl Forward<'_> {
    /// Compares what came out with the targets, of which there are `batch` rows.
    fn reach(&mut self, goal: &Goal, batch: usize, output: usize, width: usize, targets: &[f32]) {
        let factor = goal.reduction.weight(batch);
        let targets = &targets[self.rows.start * width..self.rows.end * width];
        if let Some(residual) = &mut self.residual {
            goal.loss.of_rows(self.results[output], targets, factor, self.losses, residual);
        }
    }
}
