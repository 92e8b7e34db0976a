//! The backward computation of a pass.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::{
    blocks::{backward_rows, blocks, distribute},
    executor::{BatchStatistics, BlockGradients, Executor, GradientMeans},
    sections::backward_sections,
    state::Pass,
};
use crate::{
    candle::{
        floats::read,
        saved::{Pending, Saved},
        steps::{Step, Steps},
    },
    numeric::{Buffer, GradientSums, parallel_for_each},
};

/// Computes the gradient with respect to the input, if `needs_input_gradient` is set, from the gradient with
/// respect to the result. Records the pass on the tape, which computes the gradients of the parameters.
pub(super) fn backward(pass: &Pass, incoming: &Tensor, needs_input_gradient: bool) -> Result<Option<Tensor>> {
    let Some(saved) = pass.saved().clone() else { candle_core::bail!("backward was called before forward") };
    let block_rows = backward_rows(&pass.steps, pass.rows);
    let mut gradients = allocate_gradients(pass, &saved, incoming)?;
    let mut input_gradient = needs_input_gradient.then(|| vec![0.0; pass.input.elem_count()]);
    let input_width = pass.input.elem_count() / pass.rows.max(1);
    pass.steps.read(|parameters| {
        read(&pass.input, |input| {
            let mut blocks: Vec<Backward<'_>> = blocks(pass.rows, block_rows)
                .map(|rows| {
                    let width = pass.output_width();
                    let residual = saved.residual.as_ref().map(|all| &all[rows.start * width..rows.end * width]);
                    Backward {
                        executor: Executor { steps: &pass.steps, parameters, inputs: pass.inputs(input, rows.clone()) },
                        results: results_of(&saved, &pass.steps, rows),
                        gradients: BlockGradients::new(&pass.steps, residual),
                        sums: None,
                    }
                })
                .collect();
            for (buffer, step) in gradients.iter_mut().zip(&pass.steps.steps) {
                match buffer {
                    Some(buffer) => {
                        distribute(buffer, block_rows * step.width, &mut blocks, |block, slice| {
                            block.gradients.by_step.push(Some(slice))
                        });
                    }
                    None => blocks.iter_mut().for_each(|block| block.gradients.by_step.push(None)),
                }
            }
            if let Some(input_gradient) = &mut input_gradient {
                distribute(input_gradient, block_rows * input_width, &mut blocks, |block, slice| {
                    block.gradients.input = Some(slice)
                });
            }
            compute(&pass.steps, &saved.statistics, blocks, block_rows);
        })
    })?;
    pass.tape.push(Pending { steps: pass.steps.clone(), saved, rows: pass.rows, gradients });
    input_gradient.map(|values| Tensor::from_vec(values, pass.input.shape(), pass.input.device())).transpose()
}

/// Allocates a buffer for the gradient of every step on which an output depends. The buffers of the outputs contain
/// the incoming gradient. If the pass computes a loss and the incoming gradient is 1, the residual itself is the
/// gradient of the output, and there is no buffer.
fn allocate_gradients(pass: &Pass, saved: &Saved, incoming: &Tensor) -> Result<Vec<Option<Buffer>>> {
    let steps = &pass.steps.steps;
    let mut gradients: Vec<Option<Buffer>> =
        steps.iter().map(|step| step.is_needed.then(|| pass.tape.buffers().take(pass.rows * step.width))).collect();
    match &saved.residual {
        Some(residual) => {
            let (factors, width) = (incoming.flatten_all()?.to_vec1::<f32>()?, pass.output_width());
            let output = pass.steps.outputs[0];
            if factors.iter().all(|&factor| factor == 1.0) {
                gradients[output] = None;
            } else {
                let rows =
                    output_gradient(&mut gradients, output).chunks_exact_mut(width).zip(residual.chunks_exact(width));
                for ((into, residual), factor) in rows.zip(factors.iter().cycle()) {
                    into.iter_mut().zip(residual).for_each(|(into, residual)| *into = factor * residual);
                }
            }
        }
        None => read(incoming, |mut incoming| {
            for &node in &pass.steps.outputs {
                let (own, rest) = incoming.split_at(pass.rows * steps[node].width);
                output_gradient(&mut gradients, node).copy_from_slice(own);
                incoming = rest;
            }
        })?,
    }
    Ok(gradients)
}

fn output_gradient(gradients: &mut [Option<Buffer>], node: usize) -> &mut [f32] {
    match &mut gradients[node] {
        Some(buffer) => buffer,
        None => unreachable!("an output depends on itself, so its gradient has a buffer"),
    }
}

/// Computes the gradients of all blocks.
fn compute(steps: &Steps, statistics: &BatchStatistics, mut blocks: Vec<Backward<'_>>, block_rows: usize) {
    let mut means = GradientMeans::new();
    let batch_norms: Vec<usize> = statistics.keys().copied().collect();
    for section in backward_sections(steps.steps.len(), &batch_norms) {
        // The step before the section normalises by the batch and is computed next.
        let next = section.start.checked_sub(1);
        let work = block_rows * steps.work(section.clone());
        parallel_for_each(work, blocks.iter_mut().collect(), |block: &mut Backward<'_>| {
            block.executor.backward(section.clone(), (statistics, &means), &block.results, &mut block.gradients);
            block.sums = next.and_then(|step| block.executor.gradient_sums(step, &block.results, &block.gradients));
        });
        let sums = blocks.iter_mut().filter_map(|block| block.sums.take());
        if let Some((step, sums)) = next.zip(sums.reduce(|left, right| left.merge(&right))) {
            means.insert(step, sums.means());
        }
    }
}

/// The backward computation of a block of rows.
struct Backward<'a> {
    executor: Executor<'a>,
    results: Vec<&'a [f32]>,
    gradients: BlockGradients<'a>,
    /// Sums over the block for the step that the next section begins with.
    sums: Option<GradientSums>,
}

fn results_of<'a>(saved: &'a Saved, steps: &Steps, rows: Range<usize>) -> Vec<&'a [f32]> {
    let of_step = |(buffer, step): (&'a Buffer, &Step)| &buffer[rows.start * step.width..rows.end * step.width];
    saved.results.iter().zip(&steps.steps).map(of_step).collect()
}
