//! Evaluates a graph, with gradients.

use candle_core::{Result, Tensor};

use super::{kernels::Kernels, parameters::Parameters, pass};
use crate::{
    network::{Graph, Value},
    numeric::{PointLoss, Reduction},
};

/// The graph's outputs in their order, for `inputs` in its order: `[batch, ...shape]` each.
///
/// # Errors
/// Those of Candle: shapes that the graph does not expect, parameters that are not there.
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

/// The loss of the graph's only output against `targets`, from inside one pass; nothing, where kernels cannot be
/// used: then it is composed from what [`run`] returns.
///
/// # Errors
/// Those of Candle.
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
            pass::loss(graph, parameters, inputs, pass::Goal { loss, targets: targets.contiguous()?, reduction })
        }
        Kernels::Composed => Ok(None),
    }
}

/// The value of every node, in their order.
pub(crate) fn node_values(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    if inputs.len() != graph.inputs().len() {
        candle_core::bail!("the network takes {} inputs, got {}", graph.inputs().len(), inputs.len());
    }
    let mut results: Vec<Tensor> = Vec::with_capacity(graph.nodes().len());
    let place = |results: &[Tensor], value: Value| match value {
        Value::Input(index) => inputs[index].clone(),
        Value::Node(index) => results[index].clone(),
    };
    for node in graph.nodes() {
        let inputs: Vec<Tensor> = node.inputs.iter().map(|&value| place(&results, value)).collect();
        let trained = node.parameters().iter().map(|(name, _)| parameters.tensor(name)).collect::<Result<Vec<_>>>()?;
        results.push(node.primitive.operation().candle(&inputs, &trained)?);
    }
    Ok(results)
}
