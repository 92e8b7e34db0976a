//! Evaluates a graph with gradients.

use candle_core::{Result, Tensor};

use super::{kernels::Kernels, parameters::Parameters, pass};
use crate::{
    network::{Graph, Value},
    numeric::{PointLoss, Reduction},
};

/// Returns the outputs of the graph, in order. `inputs` are in the order of the graph's inputs. All tensors are
/// `[batch, ...shape]`.
///
/// # Errors
/// If an input does not have the shape that the graph expects, or a parameter is missing.
pub fn run(kernels: Kernels, graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    if kernels == Kernels::Fused
        && let Some(outputs) = pass::outputs(graph, parameters, inputs)?
    {
        return Ok(outputs);
    }
    let results = node_values(graph, parameters, inputs)?;
    let outputs = graph.outputs().iter().map(|(_, value)| match *value {
        Value::Input(index) => inputs[index].clone(),
        Value::Node(index) => results[index].clone(),
    });
    Ok(outputs.collect())
}

/// Returns the loss of the graph's only output and `targets`, computed in one pass. Returns `None` if fused kernels
/// cannot be used; the caller then computes the loss from the result of [`run`].
///
/// # Errors
/// If Candle returns an error.
pub(crate) fn loss(
    kernels: Kernels,
    graph: &Graph,
    parameters: &Parameters,
    inputs: &[Tensor],
    loss: PointLoss,
    targets: &Tensor,
    reduction: Reduction,
) -> Result<Option<Tensor>> {
    match kernels {
        Kernels::Fused => {
            pass::loss(graph, parameters, inputs, pass::Objective { loss, targets: targets.contiguous()?, reduction })
        }
        Kernels::Composed => Ok(None),
    }
}

/// Returns the value of every node, in order.
pub(crate) fn node_values(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    if inputs.len() != graph.inputs().len() {
        candle_core::bail!("the network expects {} inputs, got {}", graph.inputs().len(), inputs.len());
    }
    let mut results: Vec<Tensor> = Vec::with_capacity(graph.nodes().len());
    let resolve = |results: &[Tensor], value: Value| match value {
        Value::Input(index) => inputs[index].clone(),
        Value::Node(index) => results[index].clone(),
    };
    for node in graph.nodes() {
        let inputs: Vec<Tensor> = node.inputs.iter().map(|&value| resolve(&results, value)).collect();
        let trained = node.parameters().iter().map(|(name, _)| parameters.tensor(name)).collect::<Result<Vec<_>>>()?;
        results.push(node.primitive.operation().candle(&inputs, &trained)?);
    }
    Ok(results)
}
