//! Evaluates a graph with gradients.

use candle_core::{Result, Tensor};

use super::{kernels::Kernels, on_device::ActivatedLayers, parameters::Parameters, pass, statistics::update_running};
use crate::{
    network::{Graph, Node, Role, Value},
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
    let results = match kernels {
        Kernels::FusedOnDevice => {
            let layers = ActivatedLayers::of(graph);
            values_of_nodes(graph, parameters, inputs, |index, inputs, trained| {
                layers.evaluate(index, inputs, trained)
            })?
        }
        Kernels::Fused | Kernels::Composed => node_values(graph, parameters, inputs)?,
    };
    Ok(outputs_of(graph, &results, inputs))
}

fn outputs_of(graph: &Graph, results: &[Tensor], inputs: &[Tensor]) -> Vec<Tensor> {
    let outputs = graph.outputs().iter().map(|(_, value)| match *value {
        Value::Input(index) => inputs[index].clone(),
        Value::Node(index) => results[index].clone(),
    });
    outputs.collect()
}

/// Largest number of values that an operation of [`run_without_gradients`] holds besides its inputs and its result.
const PART_VALUES: usize = 1 << 24;

/// Returns the outputs of the graph, computed by Candle's operations without gradients. An operation that needs much
/// memory is computed for a few rows at a time.
///
/// # Errors
/// Those of [`run`].
pub(crate) fn run_without_gradients(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    let results = values_of_nodes(graph, parameters, inputs, |index, inputs, trained| {
        // Candle keeps the values of all operations for the gradients of variables.
        let trained: Vec<Tensor> = trained.iter().map(Tensor::detach).collect();
        let operation = graph.nodes()[index].primitive.operation();
        let part = (PART_VALUES / operation.composed_values().max(1)).max(1);
        let rows = inputs.first().map_or(Ok(0), |input| input.dim(0))?;
        if rows <= part {
            return operation.candle(inputs, &trained);
        }
        let parts = (0..rows).step_by(part).map(|first| {
            let inputs = inputs.iter().map(|input| input.narrow(0, first, part.min(rows - first)));
            operation.candle(&inputs.collect::<Result<Vec<_>>>()?, &trained)
        });
        Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 0)
    })?;
    Ok(outputs_of(graph, &results, inputs))
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
        Kernels::Composed | Kernels::FusedOnDevice => Ok(None),
    }
}

/// Returns the value of every node, in order.
pub(crate) fn node_values(graph: &Graph, parameters: &Parameters, inputs: &[Tensor]) -> Result<Vec<Tensor>> {
    values_of_nodes(graph, parameters, inputs, |index, inputs, trained| {
        graph.nodes()[index].primitive.operation().candle(inputs, trained)
    })
}

/// Returns the value of every node, in order. `evaluate` computes it from the index of the node and its inputs and
/// parameters.
fn values_of_nodes(
    graph: &Graph,
    parameters: &Parameters,
    inputs: &[Tensor],
    evaluate: impl Fn(usize, &[Tensor], &[Tensor]) -> Result<Tensor>,
) -> Result<Vec<Tensor>> {
    if inputs.len() != graph.inputs().len() {
        candle_core::bail!("the network expects {} inputs, got {}", graph.inputs().len(), inputs.len());
    }
    let mut results: Vec<Tensor> = Vec::with_capacity(graph.nodes().len());
    let resolve = |results: &[Tensor], value: Value| match value {
        Value::Input(index) => inputs[index].clone(),
        Value::Node(index) => results[index].clone(),
    };
    for (index, node) in graph.nodes().iter().enumerate() {
        let inputs: Vec<Tensor> = node.inputs.iter().map(|&value| resolve(&results, value)).collect();
        let values = match batch_statistics(node, parameters, &inputs)? {
            Some(statistics) => statistics,
            None => {
                let values = node.parameters().into_iter().map(|(name, spec)| {
                    let tensor = parameters.tensor(&name)?;
                    Ok(match spec.role {
                        Role::Trained => tensor,
                        Role::Statistic => tensor.detach(),
                    })
                });
                values.collect::<Result<Vec<_>>>()?
            }
        };
        results.push(evaluate(index, &inputs, &values)?);
    }
    Ok(results)
}

/// Returns mean and variance of the batch for a layer that normalises by them, and updates the running statistics.
fn batch_statistics(node: &Node, parameters: &Parameters, inputs: &[Tensor]) -> Result<Option<Vec<Tensor>>> {
    let (Some(channels), [x]) = (node.primitive.operation().batch_channels(), inputs) else { return Ok(None) };
    let count = x.elem_count() / channels.max(1);
    if !parameters.normalised_by().is_batch(count) {
        return Ok(None);
    }
    let by_channel = x.flatten_from(1)?.reshape((x.dim(0)?, channels, ()))?.transpose(0, 1)?.flatten_from(1)?;
    let mean = by_channel.mean_keepdim(1)?;
    let variance = by_channel.broadcast_sub(&mean)?.sqr()?.mean(1)?;
    let mean = mean.squeeze(1)?;
    let running = |name: &str| parameters.variable(&format!("{}.{name}", node.name));
    update_running([running("mean")?, running("variance")?], [&mean, &variance], count)?;
    Ok(Some(vec![mean, variance]))
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::{
        network::{Conv2d, Order, Primitive, ToMap},
        numeric::Convolution,
    };

    #[test]
    fn a_layer_with_large_patches_has_the_same_bits_in_parts() {
        let convolution = Convolution {
            input: [200, 200],
            in_channels: 3,
            out_channels: 2,
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1, 1],
            upsampling: [1, 1],
            cropped: [200, 200],
        };
        let convolution = Conv2d::new(convolution);
        let mut graph = Graph::new();
        let x = graph.input("x", narrows_bundle::ElementType::F32, &[200 * 200 * 3]);
        let map = graph
            .node("map", ToMap { channels: 3, height: 200, width: 200, order: Order::ChannelsLast }, &[x])
            .expect("valid");
        let y = graph.node("conv", convolution.clone(), &[map]).expect("valid");
        graph.output("y", y);
        let rows = PART_VALUES / Primitive::from(convolution).operation().composed_values() + 2;
        let parameters = Parameters::initial(&[&graph], 1, &Device::Cpu).expect("small");
        let x = Tensor::randn(0f32, 1.0, (rows, 200 * 200 * 3), &Device::Cpu).expect("small");
        let [whole, parts] = [
            run(Kernels::Composed, &graph, &parameters, std::slice::from_ref(&x)),
            run_without_gradients(&graph, &parameters, std::slice::from_ref(&x)),
        ];
        let values = |outputs: Result<Vec<Tensor>>| {
            outputs.and_then(|outputs| outputs[0].flatten_all()?.to_vec1::<f32>()).expect("one output")
        };
        assert!(values(whole) == values(parts));
    }
}
