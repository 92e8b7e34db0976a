//! The layers of a network. Each encoder layer and the decoder layer that mirrors it form an autoencoder.

use narrows_bundle::{ElementType, Likelihood, Link};

use crate::{
    candle::{Kernels, Parameters},
    core_graphs::CoreGraphs,
    kinds::{Below, Network},
    likelihood::OutputDistribution,
    network::{Activation, Graph, GraphError, Node, Primitive},
    variance::Variance,
};

/// A layer of the encoder and the layer of the decoder that mirrors it.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Number of the layer, counted from 1 at the input.
    pub(crate) number: usize,
    /// Number of inputs of the encoder layer.
    pub(crate) inputs: usize,
    /// Number of outputs of the encoder layer.
    pub(crate) outputs: usize,
    core: CoreGraphs,
    /// Graph of the layers below, from scaled features to the input of this layer; `None` for the first layer.
    below: Option<Graph>,
    output_distribution: OutputDistribution,
}

impl Layer {
    /// Returns all layers of a network without labels, from the input to the code. `output_distribution` is that of the
    /// data; it applies to the first layer.
    ///
    /// # Errors
    /// [`GraphError`] if a graph is invalid; this never happens if the decoder mirrors the encoder.
    pub(crate) fn all(core: &CoreGraphs, output_distribution: OutputDistribution) -> Result<Vec<Layer>, GraphError> {
        let (encoder, decoder) = (dense_layers(&core.encoder), dense_layers(&core.decoder));
        let mut layers = Vec::with_capacity(encoder.len());
        for (index, (up, down)) in encoder.iter().zip(decoder.iter().rev()).enumerate() {
            let (inputs, outputs) = widths(up);
            let (down, output_distribution) = match index {
                0 => (*down, output_distribution),
                _ => activation_distribution(down),
            };
            layers.push(Layer {
                number: index + 1,
                inputs,
                outputs,
                core: CoreGraphs {
                    encoder: chain("x", inputs, &[up], "z")?,
                    decoder: chain("z", outputs, &[down], "logits")?,
                    table: None,
                },
                below: match encoder.get(..index) {
                    None | Some([]) => None,
                    Some(below @ [first, ..]) => Some(chain("x", widths(first).0, below, "x")?),
                },
                output_distribution,
            });
        }
        Ok(layers)
    }

    /// Selects the parameters of the layer, which its pretraining changes.
    pub(crate) fn parameters(&self, all: &Parameters) -> Parameters {
        all.used_by(&[&self.core.encoder, &self.core.decoder])
    }

    /// Returns the layer as a network with the parameters `trained`. The layers below take their parameters from `all`.
    pub(crate) fn network<'a>(&'a self, trained: &'a Parameters, all: &'a Parameters, kernels: Kernels) -> Network<'a> {
        Network {
            encoder: &self.core.encoder,
            decoder: &self.core.decoder,
            parameters: trained,
            output_distribution: self.output_distribution,
            kernels,
            below: self.below.as_ref().map(|graph| Below { graph, parameters: all }),
            // Layers of mixed tables are not pretrained.
            table: None,
        }
    }
}

/// Splits a graph into dense layers, each with the nodes that follow it, such as its activation.
fn dense_layers(graph: &Graph) -> Vec<&[Node]> {
    graph.nodes().chunk_by(|_, next| !matches!(next.primitive, Primitive::Dense(_))).collect()
}

/// Number of inputs and outputs of a dense layer.
fn widths(nodes: &[Node]) -> (usize, usize) {
    match nodes.first().map(|node| &node.primitive) {
        Some(Primitive::Dense(dense)) => (dense.inputs, dense.outputs),
        _ => (0, 0),
    }
}

/// Returns the nodes and the output distribution with which a decoder layer reconstructs activations. The outputs of a
/// sigmoid are probabilities, so the loss is the cross-entropy, which takes the logits before the sigmoid (Vincent et
/// al. 2010, section 2.3). For all other activations the loss is the squared error of the activations.
fn activation_distribution(down: &[Node]) -> (&[Node], OutputDistribution) {
    let variance = Variance::default();
    match down {
        [dense, activation] if activation.primitive == Primitive::Activation(Activation::Sigmoid) => (
            std::slice::from_ref(dense),
            OutputDistribution { likelihood: Likelihood::Bernoulli, link: Link::Sigmoid, variance },
        ),
        all => (all, OutputDistribution { likelihood: Likelihood::Gaussian, link: Link::Identity, variance }),
    }
}

/// Builds a graph of consecutive layers.
fn chain(input: &str, width: usize, layers: &[&[Node]], output: &str) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let mut value = graph.input(input, ElementType::F32, &[width]);
    for node in layers.iter().copied().flatten() {
        value = graph.node(node.name.clone(), node.primitive.clone(), &[value])?;
    }
    graph.output(output, value);
    Ok(graph)
}

#[cfg(test)]
mod tests;
