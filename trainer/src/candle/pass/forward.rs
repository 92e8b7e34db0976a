//! The forward computation of a pass.

use std::{ops::Range, sync::Arc};

use candle_core::{CpuStorage, Result, Shape, Tensor};

use super::{
    blocks::{blocks, distribute, forward_rows},
    executor::{BatchStatistics, Executor},
    objective::Objective,
    sections::forward_sections,
    state::Pass,
};
use crate::{
    candle::{
        floats::read,
        reduction::reduced,
        saved::{ChannelStatistics, Saved},
        statistics::update_running,
        steps::Steps,
    },
    numeric::{Buffer, Moments, parallel_for_each},
};

/// Computes the outputs or the loss, and saves the values for the backward computation.
pub(super) fn forward(pass: &Pass, input: &[f32]) -> Result<(CpuStorage, Shape)> {
    let Pass { steps, rows: batch, .. } = pass;
    let (buffers, block_rows) = (pass.tape.buffers(), forward_rows(steps, *batch));
    let mut results: Vec<Buffer> = steps.steps.iter().map(|step| buffers.take(batch * step.width)).collect();
    let mut residual = pass.objective.as_ref().map(|objective| buffers.take(objective.targets.elem_count()));
    let mut losses = vec![0.0; if pass.objective.is_some() { *batch } else { 0 }];
    let statistics = steps.read(|parameters| {
        let mut blocks: Vec<Forward<'_>> = blocks(*batch, block_rows)
            .map(|rows| Forward {
                executor: Executor { steps, parameters, inputs: pass.inputs(input, rows.clone()) },
                rows,
                results: Vec::new(),
                loss: None,
                moments: None,
            })
            .collect();
        for (buffer, step) in results.iter_mut().zip(&steps.steps) {
            distribute(buffer, block_rows * step.width, &mut blocks, |block, slice| block.results.push(slice));
        }
        let (Some(objective), Some(residual)) = (&pass.objective, &mut residual) else {
            return Ok(compute(steps, *batch, blocks, block_rows, 0, |_| {}));
        };
        let width = pass.output_width();
        let mut residuals: Vec<&mut [f32]> = Vec::new();
        distribute(residual, block_rows * width, &mut blocks, |_, slice| residuals.push(slice));
        let mut residuals = residuals.into_iter();
        distribute(&mut losses, block_rows, &mut blocks, |block, losses| {
            block.loss = residuals.next().map(|residual| BlockLoss { losses, residual });
        });
        read(&objective.targets, |targets| {
            let work = objective.loss.work() * width;
            compute(steps, *batch, blocks, block_rows, work, |block| {
                block.compute_loss(objective, *batch, steps.outputs[0], width, targets);
            })
        })
    })?;
    update_running_statistics(steps, &statistics)?;
    let output = match &pass.objective {
        None => outputs(pass, &results),
        Some(objective) => reduced(objective.reduction, &losses),
    };
    let saved = Saved { input: pass.input.clone(), labels: pass.labels.clone(), results, residual, statistics };
    *pass.saved() = Some(Arc::new(saved));
    Ok(output)
}

/// Returns the only output as `[batch, width]`, or all outputs concatenated as one vector, so that each is contiguous.
fn outputs(pass: &Pass, results: &[Buffer]) -> (CpuStorage, Shape) {
    let Steps { steps, outputs, .. } = &*pass.steps;
    match outputs.as_slice() {
        &[only] => (CpuStorage::F32(results[only].to_vec()), Shape::from((pass.rows, steps[only].width))),
        several => {
            let values: Vec<f32> = several.iter().flat_map(|&node| results[node].iter().copied()).collect();
            let count = values.len();
            (CpuStorage::F32(values), Shape::from(count))
        }
    }
}

/// Computes all steps of all blocks, and then `finish`, which takes `work` operations per row. Returns the statistics
/// of the batch that steps normalised by.
fn compute<'a>(
    steps: &Steps,
    batch: usize,
    mut blocks: Vec<Forward<'a>>,
    block_rows: usize,
    work: usize,
    finish: impl Fn(&mut Forward<'a>) + Sync,
) -> BatchStatistics {
    let mut statistics = BatchStatistics::new();
    let sections = forward_sections(steps.steps.len(), &steps.batch_norms(batch));
    for (index, section) in sections.iter().enumerate() {
        let next = sections.get(index + 1).map(|section| section.start);
        let section_work = steps.work(section.clone()) + if next.is_none() { work } else { 0 };
        parallel_for_each(block_rows * section_work, blocks.iter_mut().collect(), |block: &mut Forward<'a>| {
            block.executor.forward(section.clone(), &statistics, &mut block.results);
            match next {
                Some(step) => block.moments = Some(block.executor.moments(step, &block.results)),
                None => finish(block),
            }
        });
        let moments = blocks.iter_mut().filter_map(|block| block.moments.take());
        if let Some((step, moments)) = next.zip(moments.reduce(|left, right| left.merge(&right))) {
            let (mean, variance, count) = (moments.means(), moments.variances(), moments.count());
            statistics.insert(step, ChannelStatistics { mean, variance, count });
        }
    }
    statistics
}

fn update_running_statistics(steps: &Steps, statistics: &BatchStatistics) -> Result<()> {
    for (&index, batch) in statistics {
        let [mean, variance] = steps.steps[index].running.as_slice() else {
            unreachable!("batch normalisation has a running mean and a running variance")
        };
        let tensor = |values: &[f32]| Tensor::from_slice(values, values.len(), mean.device());
        update_running([mean, variance], [&tensor(&batch.mean)?, &tensor(&batch.variance)?], batch.count)?;
    }
    Ok(())
}

/// The forward computation of a block of rows.
struct Forward<'a> {
    executor: Executor<'a>,
    rows: Range<usize>,
    results: Vec<&'a mut [f32]>,
    loss: Option<BlockLoss<'a>>,
    /// Moments of the values that the next section normalises by the batch.
    moments: Option<Moments>,
}

/// The losses of a block of rows, and their derivatives.
struct BlockLoss<'a> {
    losses: &'a mut [f64],
    residual: &'a mut [f32],
}

impl Forward<'_> {
    /// Computes the losses of the output and the targets of this block. `batch` is the number of rows of the whole
    /// batch.
    fn compute_loss(&mut self, objective: &Objective, batch: usize, output: usize, width: usize, targets: &[f32]) {
        let Some(BlockLoss { losses, residual }) = &mut self.loss else { unreachable!("every block has its losses") };
        let factor = objective.reduction.weight(batch);
        let targets = &targets[self.rows.start * width..self.rows.end * width];
        objective.loss.of_rows(self.results[output], targets, factor, losses, residual);
    }
}
