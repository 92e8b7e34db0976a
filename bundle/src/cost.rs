//! What one row costs in a graph: multiply-adds, and values between its nodes.
//!
//! Both follow from the graph itself, so they are true for every bundle, whatever wrote it. The shapes of all values
//! are inferred for a batch of one row.

mod operators;
mod sizes;
mod value;

use std::collections::HashMap;

use prost::Message;

pub(crate) use self::sizes::check_sizes;
use self::{operators::infer, value::Value};
use crate::onnx::{DimensionValue, Graph, Model, ValueInfo, element};

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
