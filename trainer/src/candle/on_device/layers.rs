//! Layers whose bias and activation are computed in one kernel.

use std::collections::{BTreeMap, BTreeSet};

use candle_core::{Result, Tensor};

use super::elementwise::activated;
use crate::network::{Activation, Graph, Primitive, Value};

/// The layers of a graph whose result only an activation uses. They are computed together with that activation, and
/// both nodes have the value of the activation.
pub(in crate::candle) struct ActivatedLayers<'a> {
    graph: &'a Graph,
    /// The activation of each layer, by the index of the layer.
    activation_of: BTreeMap<usize, Activation>,
    /// Indices of these activations.
    activations: BTreeSet<usize>,
}

impl<'a> ActivatedLayers<'a> {
    /// Finds the layers of a graph.
    pub(in crate::candle) fn of(graph: &'a Graph) -> Self {
        let values = graph.nodes().iter().flat_map(|node| &node.inputs);
        let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
        for value in values.chain(graph.outputs().iter().map(|(_, value)| value)) {
            if let Value::Node(index) = value {
                *uses.entry(*index).or_default() += 1;
            }
        }
        let mut layers = ActivatedLayers { graph, activation_of: BTreeMap::new(), activations: BTreeSet::new() };
        for (index, node) in graph.nodes().iter().enumerate() {
            if let (Primitive::Activation(activation), &[Value::Node(layer)]) =
                (&node.primitive, node.inputs.as_slice())
                && matches!(graph.nodes()[layer].primitive, Primitive::Dense(_) | Primitive::Conv2d(_))
                && uses[&layer] == 1
            {
                layers.activation_of.insert(layer, *activation);
                layers.activations.insert(index);
            }
        }
        layers
    }

    /// Computes the value of a node from its inputs and parameters.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(in crate::candle) fn evaluate(&self, index: usize, inputs: &[Tensor], parameters: &[Tensor]) -> Result<Tensor> {
        let primitive = &self.graph.nodes()[index].primitive;
        if self.activations.contains(&index) {
            return Ok(inputs[0].clone());
        }
        let Some(&activation) = self.activation_of.get(&index) else {
            return primitive.operation().candle(inputs, parameters);
        };
        let add = |product: &Tensor, bias: &Tensor| activated(activation, product, bias);
        match primitive {
            Primitive::Dense(layer) => layer.with_bias(inputs, parameters, add),
            Primitive::Conv2d(layer) => layer.with_bias(inputs, parameters, add),
            other => unreachable!("`of` selects layers with a bias, not {}", other.operation().describe()),
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use narrows_bundle::ElementType;

    use super::*;
    use crate::{
        candle::{Kernels, Parameters, run},
        network::{Conv2d, Dense, Order, ToMap},
        numeric::{Convolution, example::noise},
    };

    /// A convolution and two dense layers with activations; the result of the last layer is also an output.
    fn graph(activation: Activation) -> Graph {
        let convolution = Convolution {
            input: [4, 4],
            in_channels: 1,
            out_channels: 3,
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1, 1],
            upsampling: [1, 1],
            cropped: [4, 4],
        };
        let mut graph = Graph::new();
        let x = graph.input("x", ElementType::F32, &[16]);
        let map = ToMap { channels: 1, height: 4, width: 4, order: Order::ChannelsLast };
        let map = graph.node("map", map, &[x]).expect("valid");
        let convolved = graph.node("conv", Conv2d::new(convolution), &[map]).expect("valid");
        graph.node("unused", activation, &[convolved]).expect("valid");
        let dense = graph.node("first", Dense::new(16, 5), &[x]).expect("valid");
        let activated = graph.node("activated", activation, &[dense]).expect("valid");
        let last = graph.node("second", Dense::new(5, 2), &[activated]).expect("valid");
        let twice = graph.node("twice", activation, &[last]).expect("valid");
        graph.output("map", convolved);
        graph.output("last", last);
        graph.output("twice", twice);
        graph
    }

    #[test]
    fn only_layers_that_nothing_else_uses_are_fused() {
        let graph = graph(Activation::Silu);
        let layers = ActivatedLayers::of(&graph);
        let named = |index: &usize| graph.nodes()[*index].name.as_str();
        assert_eq!(layers.activation_of.keys().map(named).collect::<Vec<_>>(), ["first"]);
        assert_eq!(layers.activations.iter().map(named).collect::<Vec<_>>(), ["activated"]);
    }

    #[test]
    fn fused_layers_have_the_values_and_gradients_of_the_composed_ones() {
        for activation in Activation::ALL {
            let graph = graph(activation);
            let parameters = Parameters::initial(&[&graph], 1, &Device::Cpu).expect("small");
            let outcome = |kernels| -> Result<Vec<f32>> {
                let x = Var::from_vec(noise(7 * 16, 3), (7, 16), &Device::Cpu)?;
                let outputs = run(kernels, &graph, &parameters, &[x.as_tensor().clone()])?;
                let sums = outputs.iter().map(|output| output.sqr()?.sum_all()).collect::<Result<Vec<_>>>()?;
                let gradients = Tensor::stack(&sums, 0)?.sum_all()?.backward()?;
                let variables = parameters.iter().map(|(_, variable)| variable.clone()).chain([x]);
                let mut values = Vec::new();
                for tensor in variables.filter_map(|variable| gradients.get(&variable).cloned()).chain(outputs) {
                    values.extend(tensor.flatten_all()?.to_vec1::<f32>()?);
                }
                Ok(values)
            };
            let [fused, composed] =
                [Kernels::FusedOnDevice, Kernels::Composed].map(|kernels| outcome(kernels).expect("matching shapes"));
            assert_eq!(fused.len(), composed.len());
            for (fused, composed) in fused.into_iter().zip(composed) {
                assert!(
                    (fused - composed).abs() <= 1e-5 * composed.abs().max(1.0),
                    "{activation}: {fused}, {composed}"
                );
            }
        }
    }
}
