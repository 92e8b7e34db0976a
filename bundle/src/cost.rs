//! What one row costs in a graph: multiply-adds, and values between its nodes.
//!
//! Both follow from the graph itself, so they are true for every bundle, whatever wrote it. The shapes of all values
//! are inferred for a batch of one row.

mod operators;
mod value;

use std::collections::HashMap;

use prost::Message;

use self::{operators::infer, value::Value};
use crate::{
    consistency::SIZE_LIMIT,
    onnx::{DimensionValue, Graph, Model, Node, ValueInfo, element},
};

/// What one row costs in a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Multiply-add operations of matrix products and convolutions.
    pub multiply_adds: u64,
    /// Largest number of values that exist at the same time between the nodes, without inputs, outputs and constants.
    pub intermediate_values: u64,
}

/// A checked graph.
#[derive(Debug, Clone)]
pub struct CheckedGraph {
    /// The encoded message, for the engine.
    pub bytes: Vec<u8>,
    /// The cost of one row; `None` if the graph has an operator whose output shape this crate cannot infer.
    pub cost: Option<Cost>,
    /// Number of values in the constants of the graph that have at least one dimension: its weights.
    pub parameters: u64,
}

impl CheckedGraph {
    /// Encodes a checked model, and computes what one row costs in it.
    pub fn of(model: &Model) -> Self {
        CheckedGraph { bytes: model.encode_to_vec(), cost: Cost::of(model), parameters: parameters_of(model) }
    }
}

/// Counts the values in the constants of a graph that have at least one dimension and hold 32-bit floats.
fn parameters_of(model: &Model) -> u64 {
    let constants = model.graph.iter().flat_map(|graph| &graph.initializer);
    let weights = constants.filter(|constant| constant.data_type == element::FLOAT && !constant.dims.is_empty());
    weights.map(|constant| constant.dims.iter().map(|&size| u64::try_from(size).unwrap_or(0)).product::<u64>()).sum()
}

/// Largest number of nodes of a graph. An engine analyses every node before it computes anything.
const MAX_NODES: usize = 1 << 17;

/// Checks that a graph is not too large to be loaded: the number of its nodes, and of the elements that each value has
/// for one row. A value whose shape cannot be inferred is not checked.
///
/// # Errors
/// What is too large.
pub(crate) fn check_sizes(model: &Model) -> Result<(), String> {
    let Some(graph) = &model.graph else { return Ok(()) };
    if graph.node.len() > MAX_NODES {
        return Err(format!("it has {} nodes, at most {MAX_NODES} are allowed", graph.node.len()));
    }
    let constants = graph.initializer.iter().map(|constant| (&*constant.name, Value::of_constant(constant)));
    let inputs = graph.input.iter().map(|input| (&*input.name, row_shape(input).map(Value::of_shape)));
    let mut values: HashMap<&str, Value> =
        constants.chain(inputs).filter_map(|(name, value)| Some((name, value?))).collect();
    for node in &graph.node {
        let inputs: Vec<Option<&Value>> = node.input.iter().map(|name| values.get(name.as_str())).collect();
        check_axis(node, inputs.first().copied().flatten())?;
        check_shape_inputs(node, &inputs, graph)?;
        let Some((value, _)) = infer(node, &inputs) else { continue };
        if value.count() > SIZE_LIMIT as u64 {
            return Err(format!(
                "node `{}` ({}) has a result of shape {:?} for one row, at most {SIZE_LIMIT} values are allowed",
                node.name,
                node.op_type,
                value.shape()
            ));
        }
        for output in &node.output {
            values.insert(output, value.clone());
        }
    }
    Ok(())
}

/// Checks that the axis of a node is one of its first input, or a new one before or after them.
fn check_axis(node: &Node, first: Option<&Value>) -> Result<(), String> {
    let axis = node.attribute.iter().find(|attribute| attribute.name == "axis").map(|attribute| attribute.i);
    let (Some(axis), Some(value)) = (axis, first) else { return Ok(()) };
    let rank = i64::try_from(value.shape().len()).unwrap_or(i64::MAX - 1);
    if (-rank - 1..=rank).contains(&axis) {
        return Ok(());
    }
    Err(format!("node `{}` ({}) has the axis {axis}, and its input has {rank} axes", node.name, node.op_type))
}

/// Checks that the inputs of a node that determine the shape of its result are constants. ONNX Runtime copies the
/// scales of `Resize` to memory that holds one per axis, so there must be as many.
fn check_shape_inputs(node: &Node, inputs: &[Option<&Value>], graph: &Graph) -> Result<(), String> {
    let first_of_shape = match node.op_type.as_str() {
        "Resize" | "Reshape" | "Slice" | "Tile" | "TopK" | "Expand" | "Pad" | "ReduceSum" | "Squeeze" | "Unsqueeze" => {
            1
        }
        _ => return Ok(()),
    };
    let is_constant = |name: &String| {
        graph.initializer.iter().any(|constant| constant.name == *name)
            && !graph.input.iter().any(|input| input.name == *name)
    };
    let computed = node.input.iter().skip(first_of_shape).find(|name| !name.is_empty() && !is_constant(name));
    if let Some(name) = computed {
        let Node { name: node, op_type, .. } = node;
        return Err(format!("node `{node}` ({op_type}) has a shape that depends on `{name}`, which is not a constant"));
    }
    let (Some(Some(first)), "Resize") = (inputs.first(), node.op_type.as_str()) else { return Ok(()) };
    let axes = first.shape().len() as u64;
    // The region has a start and an end for each axis; the scales and the sizes have one value.
    for (sizes, expected) in inputs.iter().skip(1).zip([2 * axes, axes, axes]) {
        if let Some(found) = sizes.map(Value::count).filter(|&count| count != 0 && count != expected) {
            return Err(format!("node `{}` (Resize) has {found} sizes for {axes} axes", node.name));
        }
    }
    Ok(())
}

impl Cost {
    /// Returns the cost of one row, or `None` if the shape of a value cannot be inferred.
    pub fn of(model: &Model) -> Option<Self> {
        let graph = model.graph.as_ref()?;
        let mut values: HashMap<&str, Value> = HashMap::new();
        for constant in &graph.initializer {
            values.insert(&constant.name, Value::of_constant(constant)?.if_possible()?);
        }
        for input in &graph.input {
            values.insert(&input.name, Value::of_shape(row_shape(input)?));
        }
        let last_uses = last_uses(graph);
        let (mut cost, mut live) = (Cost { multiply_adds: 0, intermediate_values: 0 }, 0_u64);
        let mut freed: Vec<u64> = vec![0; graph.node.len()];
        for (index, node) in graph.node.iter().enumerate() {
            let inputs: Vec<Option<&Value>> = node.input.iter().map(|name| values.get(name.as_str())).collect();
            // Only the largest values have a second output: their positions, in the same shape.
            let (output, others) = node.output.split_first()?;
            let (value, multiply_adds) = infer(node, &inputs)?;
            let value = value.if_possible()?;
            if !others.is_empty() && node.op_type != "TopK" {
                return None;
            }
            for other in others {
                values.insert(other, value.clone());
            }
            cost.multiply_adds = cost.multiply_adds.checked_add(multiply_adds)?;
            // An output of the graph that no node reads has a tensor of its own, and so has every input.
            if !graph.output.iter().any(|port| port.name == *output) {
                live = live.checked_add(value.count())?;
                let last = last_uses.get(output.as_str()).copied().unwrap_or(index);
                let freed = freed.get_mut(last)?;
                *freed = freed.checked_add(value.count())?;
            }
            cost.intermediate_values = cost.intermediate_values.max(live);
            live = live.saturating_sub(*freed.get(index)?);
            values.insert(output, value);
        }
        Some(cost)
    }
}

/// Returns the index of the last node that reads each value.
fn last_uses(graph: &Graph) -> HashMap<&str, usize> {
    let nodes = graph.node.iter().enumerate();
    nodes.flat_map(|(index, node)| node.input.iter().map(move |name| (name.as_str(), index))).collect()
}

/// Returns the shape of an input for a batch of one row.
fn row_shape(input: &ValueInfo) -> Option<Vec<u64>> {
    let shape = input.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    let sizes = shape.dim.iter().map(|dim| match dim.value.as_ref()? {
        DimensionValue::Size(size) => u64::try_from(*size).ok(),
        DimensionValue::Symbol(_) => Some(1),
    });
    sizes.collect()
}

#[cfg(test)]
mod tests;
