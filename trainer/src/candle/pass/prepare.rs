//! Prepares the steps of a pass from a graph and its parameters.

use std::collections::BTreeSet;

use candle_core::{DType, Result, Tensor, Var};

use crate::{
    candle::{
        parameters::{Location, Parameters},
        steps::{Step, Steps, Trained},
    },
    network::{Graph, Role, Value},
};

/// Returns the steps of a graph, or `None` if a primitive has no kernel, a parameter is not an `f32` tensor on the
/// CPU, or an output is an input of the graph or occurs twice.
pub(super) fn steps(graph: &Graph, parameters: &Parameters) -> Result<Option<Steps>> {
    let indices = parameters.variable_indices();
    let mut steps = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let (trained, running): (Vec<_>, Vec<_>) =
            node.parameters().into_iter().partition(|(_, spec)| spec.role == Role::Trained);
        let running =
            running.iter().map(|(name, _)| parameters.variable(name).cloned()).collect::<Result<Vec<Var>>>()?;
        let trained = trained.into_iter().map(|(name, _)| {
            let Location { variable, orientation } = parameters.locate(&name, &indices)?;
            Ok(Trained { tensor: parameters.tensor(&name)?, variable, orientation })
        });
        let trained = trained.collect::<Result<Vec<Trained>>>()?;
        let is_readable = |tensor: &Tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32;
        let are_readable = trained.iter().all(|trained| is_readable(&trained.tensor))
            && running.iter().all(|running| is_readable(running));
        if node.primitive.operation().kernel().is_none() || !are_readable {
            return Ok(None);
        }
        let width: usize = node.shape.iter().product();
        let work = 2 * node.primitive.operation().multiply_adds() as usize + width;
        steps.push(Step {
            primitive: node.primitive.clone(),
            inputs: node.inputs.clone(),
            width,
            trained,
            running,
            batch_channels: node.primitive.operation().batch_channels(),
            work,
            is_needed: false,
        });
    }
    let outputs = graph.outputs().iter().map(|(_, value)| match *value {
        Value::Node(node) => Some(node),
        Value::Input(_) => None,
    });
    let Some(outputs) = outputs.collect::<Option<Vec<usize>>>() else { return Ok(None) };
    // A node can store only one incoming gradient.
    if outputs.iter().collect::<BTreeSet<_>>().len() < outputs.len() {
        return Ok(None);
    }
    mark_needed(&mut steps, &outputs);
    Ok(Some(Steps { steps, outputs, normalised_by: parameters.normalised_by() }))
}

fn mark_needed(steps: &mut [Step], outputs: &[usize]) {
    outputs.iter().for_each(|&node| steps[node].is_needed = true);
    for index in (0..steps.len()).rev() {
        let (before, rest) = steps.split_at_mut(index);
        if let Some(step) = rest.first().filter(|step| step.is_needed) {
            for value in &step.inputs {
                if let Value::Node(node) = *value {
                    before[node].is_needed = true;
                }
            }
        }
    }
}
