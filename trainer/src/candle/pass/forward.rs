//! A pass on its way forward.

use std::{ops::Range, sync::Arc};

use candle_core::{CpuStorage, Result, Shape};

use super::{
    blocks::{blocks, deal},
    goal::Goal,
    state::Pass,
    walk::Walk,
};
use crate::{
    candle::{floats::read, kept::Kept, reduction::reduced, steps::Steps},
    numeric::{Buffer, spread},
};

/// Rows that go through all layers on one core on the way forward, of a batch of so many.
///
/// Small blocks leave work for all cores, large ones read the weights less often.
fn forward_rows(batch: usize) -> usize {
    (batch / 8).next_multiple_of(32).clamp(32, 128)
}

/// What comes out; what the way back needs is kept.
pub(super) fn forward(pass: &Pass, input: &[f32]) -> Result<(CpuStorage, Shape)> {
    let Pass { steps, rows: batch, .. } = pass;
    let (buffers, each) = (pass.tape.buffers(), forward_rows(*batch));
    let mut results: Vec<Buffer> = steps.steps.iter().map(|step| buffers.take(batch * step.width)).collect();
    let mut residual = pass.goal.as_ref().map(|goal| buffers.take(goal.targets.elem_count()));
    let mut losses = vec![0.0; if pass.goal.is_some() { *batch } else { 0 }];
    steps.read(|parameters| {
        let mut blocks: Vec<Forward<'_>> = blocks(*batch, each)
            .map(|rows| Forward {
                walk: Walk { steps, parameters, inputs: pass.inputs(input, rows.clone()) },
                rows,
                results: Vec::new(),
            })
            .collect();
        for (buffer, step) in results.iter_mut().zip(&steps.steps) {
            deal(buffer, each * step.width, &mut blocks, |block, part| block.results.push(part));
        }
        let (Some(goal), Some(residual)) = (&pass.goal, &mut residual) else {
            spread(each * steps.work(), blocks, |mut block| block.walk.forward(&mut block.results));
            return Ok(());
        };
        let width = pass.output_width();
        let mut blocks: Vec<ToGoal<'_>> =
            blocks.into_iter().map(|block| ToGoal { block, losses: &mut [], residual: &mut [] }).collect();
        deal(residual, each * width, &mut blocks, |block, part| block.residual = part);
        deal(&mut losses, each, &mut blocks, |block, part| block.losses = part);
        read(&goal.targets, |targets| {
            spread(each * (steps.work() + goal.loss.work() * width), blocks, |mut each| {
                each.block.walk.forward(&mut each.block.results);
                each.reach(goal, *batch, steps.outputs[0], width, targets);
            });
        })
    })?;
    let output = match &pass.goal {
        None => outputs(pass, &results),
        Some(goal) => reduced(goal.reduction, &losses),
    };
    let kept = Kept { input: pass.input.clone(), labels: pass.labels.clone(), results, residual };
    *pass.kept() = Some(Arc::new(kept));
    Ok(output)
}

/// The only output, or the numbers of one output after those of another: so that each lies in one piece.
fn outputs(pass: &Pass, results: &[Buffer]) -> (CpuStorage, Shape) {
    let Steps { steps, outputs } = &*pass.steps;
    match outputs.as_slice() {
        &[only] => (CpuStorage::F32(results[only].to_vec()), Shape::from((pass.rows, steps[only].width))),
        several => {
            let values: Vec<f32> = several.iter().flat_map(|&node| results[node].iter().copied()).collect();
            let count = values.len();
            (CpuStorage::F32(values), Shape::from(count))
        }
    }
}

/// A block of rows on its way forward.
struct Forward<'a> {
    walk: Walk<'a>,
    rows: Range<usize>,
    results: Vec<&'a mut [f32]>,
}

/// The same, with room for its losses and their derivatives.
struct ToGoal<'a> {
    block: Forward<'a>,
    losses: &'a mut [f64],
    residual: &'a mut [f32],
}

impl ToGoal<'_> {
    /// Compares what came out with the targets, of which there are `batch` rows.
    fn reach(&mut self, goal: &Goal, batch: usize, output: usize, width: usize, targets: &[f32]) {
        let factor = goal.reduction.weight(batch);
        let targets = &targets[self.block.rows.start * width..self.block.rows.end * width];
        goal.loss.of_rows(self.block.results[output], targets, factor, self.losses, self.residual);
    }
}
