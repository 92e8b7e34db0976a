//! A whole graph as one operation of Candle: forward, what to keep, backward.
//!
//! Candle's autograd sees one node in the place of a network. Inside, the rows of a batch are cut into blocks
//! that go through all layers on one core each, and what backward needs is kept in memory that steps use again
//! and again. Gradients of parameters are not computed here: they need all rows, and wait on the
//! [`Tape`](super::tape::Tape) until all passes of a step are through.
//!
//! Blocks are cut by the number of rows alone. So the bits are the same on any number of cores.

mod backward;
mod blocks;
mod forward;
mod goal;
mod op;
mod prepare;
#[cfg(test)]
mod slopes;
mod state;
mod walk;

use std::sync::{Arc, Mutex};

use candle_core::{DType, Result, Tensor};
pub(super) use goal::Goal;
use narrows_bundle::ElementType;
use op::apply;
use prepare::steps;
use state::Pass;

use super::parameters::Parameters;
use crate::network::{Graph, Reads};

/// The graph's outputs, as [`run`](super::run) returns them; nothing, if the graph or its inputs are not for
/// kernels.
///
/// # Errors
/// Those of Candle: shapes that the graph does not expect, labels beyond the classes.
pub(super) fn outputs(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Option<Vec<Tensor>>> {
    let Some(pass) = pass(graph, parameters, inputs, None)? else { return Ok(None) };
    let widths: Vec<usize> = graph.outputs().iter().map(|(_, value)| graph.shape(*value).iter().product()).collect();
    let joined = apply(pass)?;
    if let [_] = widths.as_slice() {
        return Ok(Some(vec![joined]));
    }
    let rows = joined.elem_count() / widths.iter().sum::<usize>().max(1);
    let mut end = 0;
    let parts = widths.iter().map(|&width| {
        end += rows * width;
        joined.narrow(0, end - rows * width, rows * width)?.reshape((rows, width))
    });
    parts.collect::<Result<Vec<Tensor>>>().map(Some)
}

/// The loss of the graph's only output; nothing as above.
///
/// # Errors
/// Those of [`outputs`], and targets of another shape than the output.
pub(super) fn loss(graph: &Graph, parameters: &Parameters, inputs: &[Tensor], goal: Goal) -> Result<Option<Tensor>> {
    pass(graph, parameters, inputs, Some(goal))?.map(apply).transpose()
}

fn pass(graph: &Graph, parameters: &Parameters, inputs: &[Tensor], goal: Option<Goal>) -> Result<Option<Pass>> {
    // Candle's own operations take whatever else a graph may be given.
    let takes = graph.inputs().iter().map(|input| input.dtype);
    if !takes.eq([ElementType::F32].into_iter().chain(graph.inputs().iter().skip(1).map(|_| ElementType::I64))) {
        return Ok(None);
    }
    let is_readable = |tensor: &Tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32;
    let targets = goal.iter().map(|goal| &goal.targets);
    let Some((input, labels)) = inputs.split_first().filter(|(input, _)| is_readable(input)) else { return Ok(None) };
    if !targets.into_iter().all(is_readable) {
        return Ok(None);
    }
    let Some(steps) = steps(graph, parameters)? else { return Ok(None) };
    if steps.anchor().is_none() {
        return Ok(None);
    }
    let rows = checked_rows(graph, inputs)?;
    if let Some(Goal { targets, .. }) = &goal
        && (graph.outputs().len() != 1 || targets.dims() != [rows, steps.steps[steps.outputs[0]].width])
    {
        candle_core::bail!("targets {:?} are not of the shape of the only output of {rows} rows", targets.dims());
    }
    let labels = labels.iter().map(|labels| labels.to_dtype(DType::U32)?.to_vec1::<u32>());
    let labels = labels.collect::<Result<Vec<_>>>()?;
    check_labels(graph, &labels)?;
    Ok(Some(Pass {
        steps: Arc::new(steps),
        rows,
        input: input.contiguous()?,
        labels,
        goal,
        tape: parameters.tape(),
        kept: Mutex::new(None),
    }))
}

/// The rows of these inputs, if they are what the graph takes.
fn checked_rows(graph: &Graph, inputs: &[Tensor]) -> Result<usize> {
    if inputs.len() != graph.inputs().len() {
        candle_core::bail!("the network takes {} inputs, got {}", graph.inputs().len(), inputs.len());
    }
    let rows = inputs.first().map_or(Ok(0), |input| input.dim(0))?;
    for (input, expected) in inputs.iter().zip(graph.inputs()) {
        let shape: Vec<usize> = [rows].into_iter().chain(expected.shape.iter().copied()).collect();
        if input.dims() != shape {
            candle_core::bail!("input `{}` expects {shape:?}, got {:?}", expected.name, input.dims());
        }
    }
    Ok(rows)
}

/// Labels choose rows of tables, which must be there; a negative one has become a very large one.
fn check_labels(graph: &Graph, labels: &[Vec<u32>]) -> Result<()> {
    let classes = graph.nodes().iter().filter_map(|node| match node.primitive.operation().reads() {
        Reads::Labels { classes } => Some(classes),
        Reads::Numbers => None,
    });
    let Some(classes) = classes.min() else { return Ok(()) };
    match labels.iter().flatten().find(|&&label| label as usize >= classes) {
        Some(label) => candle_core::bail!("label {} is none of {classes} classes", label.cast_signed()),
        None => Ok(()),
    }
}
