//! Evaluates a graph, with gradients.

use candle_core::{Result, Tensor};

use super::Parameters;
use crate::network::{Graph, Value};

/// The graph's outputs in their order, for `inputs` in its order: `[batch, ...shape]` each.
///
/// # Errors
/// Those of Candle: shapes that the graph does not expect, parameters that are not there.
pub fn run(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let results = node_values(graph, parameters, inputs)?;
    let outputs = graph.outputs().iter().map(|(_, value)| match *value {
        Value::Input(index) => inputs[index].clone(),
        Value::Node(index) => results[index].clone(),
    });
    Ok(outputs.collect())
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
