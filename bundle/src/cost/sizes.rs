//! Checks a graph before an engine loads it: the sizes of its values, and the attributes and inputs that an engine does
//! not check itself.

use std::collections::{HashMap, HashSet};

use super::{operators::infer, row_shape, value::Value};
use crate::{
    consistency::SIZE_LIMIT,
    onnx::{Graph, Model, Node},
};

/// Largest number of nodes of a graph. An engine analyses every node before it computes anything.
pub(super) const MAX_NODES: usize = 1 << 17;

/// Checks that a graph is not too large to be loaded: the number of its nodes, and of the elements that each value has
/// for one row. A value whose shape cannot be inferred is an error.
///
/// # Errors
/// What is too large or unknown, or the axis or input that an engine would not check.
pub(crate) fn check_sizes(model: &Model) -> Result<(), String> {
    let Some(graph) = &model.graph else { return Ok(()) };
    let constant_names = constant_names(graph);
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
        check_shape_inputs(node, &inputs, &constant_names)?;
        let Some((value, _)) = infer(node, &inputs) else {
            let Node { name, op_type, .. } = node;
            return Err(format!(
                "the size of the result of node `{name}` ({op_type}) is unknown: the operator, its attributes or its \
                 inputs are none that this version writes"
            ));
        };
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
fn check_shape_inputs(node: &Node, inputs: &[Option<&Value>], constants: &HashSet<&str>) -> Result<(), String> {
    let first_of_shape = match node.op_type.as_str() {
        "Resize" | "Reshape" | "Slice" | "Tile" | "TopK" | "Expand" | "Pad" | "ReduceSum" | "Squeeze" | "Unsqueeze" => {
            1
        }
        _ => return Ok(()),
    };
    let mut shape_inputs = node.input.iter().skip(first_of_shape);
    let computed = shape_inputs.find(|name| !name.is_empty() && !constants.contains(name.as_str()));
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

/// Returns the names of the constants that no input replaces.
fn constant_names(graph: &Graph) -> HashSet<&str> {
    let mut names: HashSet<&str> = graph.initializer.iter().map(|constant| constant.name.as_str()).collect();
    for input in &graph.input {
        names.remove(input.name.as_str());
    }
    names
}
