//! A complete graph as one operation of Candle, with its forward and backward computation.
//!
//! For Candle's autograd the network is a single node. The rows of a batch are split into blocks, and one core
//! computes all layers for a block. The values that the backward computation needs are saved in buffers that are
//! reused in later steps. Gradients of parameters need all rows, so they are not computed here: the
//! [`Tape`](super::tape::Tape) computes them when all passes of a step are complete.
//!
//! The blocks depend only on the number of rows, so the bits do not depend on the number of cores.

mod backward;
mod blocks;
mod executor;
#[cfg(test)]
mod finite_differences;
mod forward;
mod objective;
mod op;
mod prepare;
mod sections;
mod state;

use std::sync::{Arc, Mutex};

use candle_core::{DType, Result, Tensor};
use narrows_bundle::ElementType;
pub(super) use objective::Objective;
use op::apply;
use prepare::steps;
use state::Pass;

use super::parameters::Parameters;
use crate::network::{Graph, InputKind};

/// Returns the outputs of the graph, like [`run`](super::run), or `None` if kernels cannot evaluate the graph or
/// its inputs.
///
/// # Errors
/// If the shape of an input is not the one that the graph expects, or a label is not less than the number of classes.
pub(super) fn outputs(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Option<Vec<Tensor>>> {
    let Some(pass) = pass(graph, parameters, inputs, None)? else { return Ok(None) };
    let widths: Vec<usize> = graph.outputs().iter().map(|(_, value)| graph.shape(*value).iter().product()).collect();
    let concatenated = apply(pass)?;
    if let [_] = widths.as_slice() {
        return Ok(Some(vec![concatenated]));
    }
    let rows = concatenated.elem_count() / widths.iter().sum::<usize>().max(1);
    let mut end = 0;
    let outputs = widths.iter().map(|&width| {
        end += rows * width;
        concatenated.narrow(0, end - rows * width, rows * width)?.reshape((rows, width))
    });
    outputs.collect::<Result<Vec<Tensor>>>().map(Some)
}

/// Returns the loss of the graph's only output, or `None` under the same conditions as [`outputs`].
///
/// # Errors
/// The same as [`outputs`], or if the targets do not have the shape of the output.
pub(super) fn loss(
    graph: &Graph,
    parameters: &Parameters,
    inputs: &[Tensor],
    objective: Objective,
) -> Result<Option<Tensor>> {
    pass(graph, parameters, inputs, Some(objective))?.map(apply).transpose()
}

fn pass(
    graph: &Graph,
    parameters: &Parameters,
    inputs: &[Tensor],
    objective: Option<Objective>,
) -> Result<Option<Pass>> {
    // Kernels expect floats first and labels after them. Candle's operations evaluate all other graphs.
    let dtypes = graph.inputs().iter().map(|input| input.dtype);
    if !dtypes.eq([ElementType::F32].into_iter().chain(graph.inputs().iter().skip(1).map(|_| ElementType::I64))) {
        return Ok(None);
    }
    let is_readable = |tensor: &Tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32;
    let targets = objective.iter().map(|objective| &objective.targets);
    let Some((input, labels)) = inputs.split_first().filter(|(input, _)| is_readable(input)) else { return Ok(None) };
    if !targets.into_iter().all(is_readable) {
        return Ok(None);
    }
    let Some(steps) = steps(graph, parameters)? else { return Ok(None) };
    if steps.anchor().is_none() {
        return Ok(None);
    }
    let rows = checked_rows(graph, inputs)?;
    if let Some(Objective { targets, .. }) = &objective
        && (graph.outputs().len() != 1 || targets.dims() != [rows, steps.steps[steps.outputs[0]].width])
    {
        candle_core::bail!(
            "the targets have the shape {:?}, but the graph must have a single output of this shape for {rows} rows",
            targets.dims()
        );
    }
    let labels = labels.iter().map(|labels| labels.to_dtype(DType::U32)?.to_vec1::<u32>());
    let labels = labels.collect::<Result<Vec<_>>>()?;
    check_labels(graph, &labels)?;
    Ok(Some(Pass {
        steps: Arc::new(steps),
        rows,
        input: input.contiguous()?,
        labels,
        objective,
        tape: parameters.tape(),
        saved: Mutex::new(None),
    }))
}

/// Checks the number and the shapes of the inputs and returns the number of rows.
fn checked_rows(graph: &Graph, inputs: &[Tensor]) -> Result<usize> {
    if inputs.len() != graph.inputs().len() {
        candle_core::bail!("the network expects {} inputs, got {}", graph.inputs().len(), inputs.len());
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

/// Checks that all labels are less than the number of classes, because they select rows of tables. A negative label has
/// become a large positive one by the conversion to `u32`.
fn check_labels(graph: &Graph, labels: &[Vec<u32>]) -> Result<()> {
    let classes = graph.nodes().iter().filter_map(|node| match node.primitive.operation().input_kind(0) {
        InputKind::Labels { classes } => Some(classes),
        InputKind::Floats | InputKind::Categories => None,
    });
    let Some(classes) = classes.min() else { return Ok(()) };
    match labels.iter().flatten().find(|&&label| label as usize >= classes) {
        Some(label) => candle_core::bail!(
            "label {} is out of range: there are {classes} classes, numbered from 0",
            label.cast_signed()
        ),
        None => Ok(()),
    }
}
