//! The backward computation of a pass.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::{
    blocks::{blocks, distribute},
    executor::Executor,
    state::Pass,
};
use crate::{
    candle::{
        floats::read,
        saved::{Pending, Saved},
        steps::{Step, Steps},
    },
    numeric::{Buffer, parallel_for_each},
};

/// Returns the number of rows per block for a batch of `batch` rows. The matrix products of the backward
/// computation are column-major and use full vectors from 64 rows on.
fn backward_rows(batch: usize) -> usize {
    (batch / 8).next_multiple_of(64).clamp(64, 128)
}

/// Computes the gradient with respect to the input, if `needs_input_gradient` is set, from the gradient with
/// respect to the result. Records the pass on the tape, which computes the gradients of the parameters.
pub(super) fn backward(pass: &Pass, incoming: &Tensor, needs_input_gradient: bool) -> Result<Option<Tensor>> {
    let Some(saved) = pass.saved().clone() else { candle_core::bail!("backward was called before forward") };
    let block_rows = backward_rows(pass.rows);
    let mut gradients = allocate_gradients(pass, &saved, incoming)?;
    let mut input_gradient = needs_input_gradient.then(|| vec![0.0; pass.input.elem_count()]);
    let input_width = pass.input.elem_count() / pass.rows.max(1);
    pass.steps.read(|parameters| {
        read(&pass.input, |input| {
            let mut blocks: Vec<Backward<'_>> = blocks(pass.rows, block_rows)
                .map(|rows| Backward {
                    executor: Executor { steps: &pass.steps, parameters, inputs: pass.inputs(input, rows.clone()) },
                    results: results_of(&saved, &pass.steps, rows.clone()),
                    residual: None,
                    rows,
                    gradients: Vec::new(),
                    input_gradient: None,
                })
                .collect();
            for (buffer, step) in gradients.iter_mut().zip(&pass.steps.steps) {
                match buffer {
                    Some(buffer) => {
                        distribute(buffer, block_rows * step.width, &mut blocks, |block, slice| {
                            block.gradients.push(Some(slice))
                        });
                    }
                    None => blocks.iter_mut().for_each(|block| block.gradients.push(None)),
                }
            }
            if let Some(input_gradient) = &mut input_gradient {
                distribute(input_gradient, block_rows * input_width, &mut blocks, |block, slice| {
                    block.input_gradient = Some(slice)
                });
            }
            if let Some(residual) = &saved.residual {
                let width = pass.output_width();
                for block in &mut blocks {
                    block.residual = Some(&residual[block.rows.start * width..block.rows.end * width]);
                }
            }
            parallel_for_each(block_rows * pass.steps.work(), blocks, |mut block| {
                block.executor.backward(&block.results, &mut block.gradients, block.residual, block.input_gradient);
            });
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

/// The backward computation of a block of rows.
struct Backward<'a> {
    executor: Executor<'a>,
    rows: Range<usize>,
    results: Vec<&'a [f32]>,
    residual: Option<&'a [f32]>,
    gradients: Vec<Option<&'a mut [f32]>>,
    input_gradient: Option<&'a mut [f32]>,
}

fn results_of<'a>(saved: &'a Saved, steps: &Steps, rows: Range<usize>) -> Vec<&'a [f32]> {
    let of_step = |(buffer, step): (&'a Buffer, &Step)| &buffer[rows.start * step.width..rows.end * step.width];
    saved.results.iter().zip(&steps.steps).map(of_step).collect()
}
