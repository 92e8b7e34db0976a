//! The forward computation of a pass.

use std::{ops::Range, sync::Arc};

use candle_core::{CpuStorage, Result, Shape};

use super::{
    blocks::{blocks, distribute},
    executor::Executor,
    objective::Objective,
    state::Pass,
};
use crate::{
    candle::{floats::read, reduction::reduced, saved::Saved, steps::Steps},
    numeric::{Buffer, parallel_for_each},
};

/// Returns the number of rows per block for a batch of `batch` rows.
///
/// Small blocks give every core some work; large blocks read the weights less often.
fn forward_rows(batch: usize) -> usize {
    (batch / 8).next_multiple_of(32).clamp(32, 128)
}

/// Computes the outputs or the loss, and saves the values for the backward computation.
pub(super) fn forward(pass: &Pass, input: &[f32]) -> Result<(CpuStorage, Shape)> {
    let Pass { steps, rows: batch, .. } = pass;
    let (buffers, block_rows) = (pass.tape.buffers(), forward_rows(*batch));
    let mut results: Vec<Buffer> = steps.steps.iter().map(|step| buffers.take(batch * step.width)).collect();
    let mut residual = pass.objective.as_ref().map(|objective| buffers.take(objective.targets.elem_count()));
    let mut losses = vec![0.0; if pass.objective.is_some() { *batch } else { 0 }];
    steps.read(|parameters| {
        let mut blocks: Vec<Forward<'_>> = blocks(*batch, block_rows)
            .map(|rows| Forward {
                executor: Executor { steps, parameters, inputs: pass.inputs(input, rows.clone()) },
                rows,
                results: Vec::new(),
            })
            .collect();
        for (buffer, step) in results.iter_mut().zip(&steps.steps) {
            distribute(buffer, block_rows * step.width, &mut blocks, |block, slice| block.results.push(slice));
        }
        let (Some(objective), Some(residual)) = (&pass.objective, &mut residual) else {
            parallel_for_each(block_rows * steps.work(), blocks, |mut block| {
                block.executor.forward(&mut block.results)
            });
            return Ok(());
        };
        let width = pass.output_width();
        let mut blocks: Vec<ForwardWithLoss<'_>> = blocks
            .into_iter()
            .map(|block| ForwardWithLoss { forward: block, losses: &mut [], residual: &mut [] })
            .collect();
        distribute(residual, block_rows * width, &mut blocks, |block, slice| block.residual = slice);
        distribute(&mut losses, block_rows, &mut blocks, |block, slice| block.losses = slice);
        read(&objective.targets, |targets| {
            parallel_for_each(block_rows * (steps.work() + objective.loss.work() * width), blocks, |mut block| {
                block.forward.executor.forward(&mut block.forward.results);
                block.compute_loss(objective, *batch, steps.outputs[0], width, targets);
            });
        })
    })?;
    let output = match &pass.objective {
        None => outputs(pass, &results),
        Some(objective) => reduced(objective.reduction, &losses),
    };
    let saved = Saved { input: pass.input.clone(), labels: pass.labels.clone(), results, residual };
    *pass.saved() = Some(Arc::new(saved));
    Ok(output)
}

/// Returns the only output as `[batch, width]`, or all outputs concatenated as one vector, so that each is contiguous.
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

/// The forward computation of a block of rows.
struct Forward<'a> {
    executor: Executor<'a>,
    rows: Range<usize>,
    results: Vec<&'a mut [f32]>,
}

/// The forward computation of a block of rows with its losses and their derivatives.
struct ForwardWithLoss<'a> {
    forward: Forward<'a>,
    losses: &'a mut [f64],
    residual: &'a mut [f32],
}

impl ForwardWithLoss<'_> {
    /// Computes the losses of the output and the targets of this block. `batch` is the number of rows of the whole
    /// batch.
    fn compute_loss(&mut self, objective: &Objective, batch: usize, output: usize, width: usize, targets: &[f32]) {
        let factor = objective.reduction.weight(batch);
        let targets = &targets[self.forward.rows.start * width..self.forward.rows.end * width];
        objective.loss.of_rows(self.forward.results[output], targets, factor, self.losses, self.residual);
    }
}
