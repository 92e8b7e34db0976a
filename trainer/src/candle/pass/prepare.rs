//! A graph and its parameters made ready for passes.

use std::collections::BTreeSet;

use candle_core::{DType, Result};

use crate::{
    candle::{
        parameters::{Parameters, Place},
        steps::{Step, Steps, Trained},
    },
    network::{Graph, Value},
};

/// The steps of a graph; nothing, if some primitive has no kernel, or some parameter is not where kernels can read it.
pub(super) fn steps(graph: &Graph, parameters: &Parameters) -> Result<Option<Steps>> {
    let numbers = parameters.numbers();
    let mut steps = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let trained = node.parameters().into_iter().map(|(name, _)| {
            let Place { variable, held } = parameters.place(&name, &numbers)?;
            Ok(Trained { tensor: parameters.tensor(&name)?, variable, held })
        });
        let trained = trained.collect::<Result<Vec<Trained>>>()?;
        let can_be_read = |trained: &Trained| trained.tensor.device().is_cpu() && trained.tensor.dtype() == DType::F32;
        if node.primitive.operation().kernel().is_none() || !trained.iter().all(can_be_read) {
            return Ok(None);
        }
        let width: usize = node.shape.iter().product();
        let work = 2 * node.primitive.operation().multiply_adds() as usize + width;
        steps.push(Step {
            primitive: node.primitive.clone(),
            inputs: node.inputs.clone(),
            width,
            trained,
            work,
            is_reached: false,
        });
    }
    let outputs = graph.outputs().iter().map(|(_, value)| match *value {
        Value::Node(node) => Some(node),
        Value::Input(_) => None,
    });
    let Some(outputs) = outputs.collect::<Option<Vec<usize>>>() else { return Ok(None) };
    // A node has room for one gradient that comes in.
    if outputs.iter().collect::<BTreeSet<_>>().len() < outputs.len() {
        return Ok(None);
    }
    mark_reached(&mut steps, &outputs);
    Ok(Some(Steps { steps, outputs }))
}

fn mark_reached(steps: &mut [Step], outputs: &[usize]) {
    outputs.iter().for_each(|&node| steps[node].is_reached = true);
    for index in (0..steps.len()).rev() {
        let (before, from) = steps.split_at_mut(index);
        if let Some(step) = from.first().filter(|step| step.is_reached) {
            for value in &step.inputs {
                if let Value::Node(node) = *value {
                    before[node].is_reached = true;
                }
            }
        }
    }
}
