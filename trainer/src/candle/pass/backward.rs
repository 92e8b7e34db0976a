//! A pass on its way back.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::{
    blocks::{blocks, deal},
    state::Pass,
    walk::Walk,
};
use crate::{
    candle::{
        floats::read,
        kept::{Kept, Pending},
        steps::{Step, Steps},
    },
    numeric::{Buffer, spread},
};

/// Rows that go back through all layers on one core, of a batch of so many: the products there come out by columns,
/// and fill vectors from 64 rows on.
fn backward_rows(batch: usize) -> usize {
    (batch / 8).next_multiple_of(64).clamp(64, 128)
}

/// The gradient of the input, if it is asked for, from that of the result. What gradients of parameters are made of
/// goes to the tape.
pub(super) fn backward(pass: &Pass, incoming: &Tensor, asks_for_input: bool) -> Result<Option<Tensor>> {
    let Some(kept) = pass.kept().clone() else { candle_core::bail!("a pass goes forward before it goes back") };
    let each = backward_rows(pass.rows);
    let mut gradients = room_for_gradients(pass, &kept, incoming)?;
    let mut of_input = asks_for_input.then(|| vec![0.0; pass.input.elem_count()]);
    let input_width = pass.input.elem_count() / pass.rows.max(1);
    pass.steps.read(|parameters| {
        read(&pass.input, |input| {
            let mut blocks: Vec<Backward<'_>> = blocks(pass.rows, each)
                .map(|rows| Backward {
                    walk: Walk { steps: &pass.steps, parameters, inputs: pass.inputs(input, rows.clone()) },
                    results: results_of(&kept, &pass.steps, rows.clone()),
                    goal: None,
                    rows,
                    gradients: Vec::new(),
                    of_input: None,
                })
                .collect();
            for (buffer, step) in gradients.iter_mut().zip(&pass.steps.steps) {
                match buffer {
                    Some(buffer) => {
                        deal(buffer, each * step.width, &mut blocks, |block, part| block.gradients.push(Some(part)));
                    }
                    None => blocks.iter_mut().for_each(|block| block.gradients.push(None)),
                }
            }
            if let Some(of_input) = &mut of_input {
                deal(of_input, each * input_width, &mut blocks, |block, part| block.of_input = Some(part));
            }
            if let Some(residual) = &kept.residual {
                let width = pass.output_width();
                for block in &mut blocks {
                    block.goal = Some(&residual[block.rows.start * width..block.rows.end * width]);
                }
            }
            spread(each * pass.steps.work(), blocks, |mut block| {
                block.walk.backward(&block.results, &mut block.gradients, block.goal, block.of_input);
            });
        })
    })?;
    pass.tape.push(Pending { steps: pass.steps.clone(), kept, rows: pass.rows, gradients });
    of_input.map(|values| Tensor::from_vec(values, pass.input.shape(), pass.input.device())).transpose()
}

/// A buffer for every gradient of a result that is needed; those of the outputs hold what came in. The
/// gradient of a goal's output is the residual itself, if what came in is 1.
fn room_for_gradients(pass: &Pass, kept: &Kept, incoming: &Tensor) -> Result<Vec<Option<Buffer>>> {
    let steps = &pass.steps.steps;
    let mut gradients: Vec<Option<Buffer>> =
        steps.iter().map(|step| step.is_reached.then(|| pass.tape.buffers().take(pass.rows * step.width))).collect();
    match &kept.residual {
        Some(residual) => {
            let (factors, width) = (incoming.flatten_all()?.to_vec1::<f32>()?, pass.output_width());
            let output = pass.steps.outputs[0];
            if factors.iter().all(|&factor| factor == 1.0) {
                gradients[output] = None;
            } else {
                let rows = of_output(&mut gradients, output).chunks_exact_mut(width).zip(residual.chunks_exact(width));
                for ((into, residual), factor) in rows.zip(factors.iter().cycle()) {
                    into.iter_mut().zip(residual).for_each(|(into, residual)| *into = factor * residual);
                }
            }
        }
        None => read(incoming, |mut incoming| {
            for &node in &pass.steps.outputs {
                let (own, rest) = incoming.split_at(pass.rows * steps[node].width);
                of_output(&mut gradients, node).copy_from_slice(own);
                incoming = rest;
            }
        })?,
    }
    Ok(gradients)
}

fn of_output(gradients: &mut [Option<Buffer>], node: usize) -> &mut [f32] {
    match &mut gradients[node] {
        Some(buffer) => buffer,
        None => unreachable!("an output depends on itself, so there is room for its gradient"),
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
    let of_step = |(buffer, step): (&'a Buffer, &Step)| &buffer[rows.start * step.width..rows.end * step.width];
    kept.results.iter().zip(&steps.steps).map(of_step).collect()
}
