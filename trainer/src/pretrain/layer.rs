//! The layers of a network, each with its mirror image as an autoencoder of its own.

use narrows_bundle::{ElementType, Likelihood, Link};

use crate::{
    candle::{Kernels, Parameters},
    core_graphs::CoreGraphs,
    kinds::{Below, Network},
    likelihood::OutputDistribution,
    network::{Activation, Graph, GraphError, Node, Primitive},
    variance::Variance,
};

/// A layer of the encoder with the layer of the decoder that mirrors it.
#[derive(Debug)]
pub(crate) struct Layer {
    /// From 1, from the data inwards.
    pub(crate) number: usize,
    /// Numbers that it takes.
    pub(crate) inputs: usize,
    /// Numbers that it gives.
    pub(crate) outputs: usize,
    core: CoreGraphs,
    /// Scaled features to what it takes; the first layer takes the features themselves.
    below: Option<Graph>,
    output_distribution: OutputDistribution,
}

impl Layer {
    /// All layers of a network without labels, from the data inwards; `observation` is that of the data.
    ///
    /// # Errors
    /// [`GraphError`] never for halves that mirror each other.
    pub(crate) fn all(core: &CoreGraphs, output_distribution: OutputDistribution) -> Result<Vec<Layer>, GraphError> {
        let (encoder, decoder) = (dense_layers(&core.encoder), dense_layers(&core.decoder));
        let mut layers = Vec::with_capacity(encoder.len());
        for (index, (up, down)) in encoder.iter().zip(decoder.iter().rev()).enumerate() {
            let (inputs, outputs) = widths(up);
            let (down, output_distribution) = match index {
                0 => (*down, output_distribution),
                _ => of_activations(down),
            };
            layers.push(Layer {
                number: index + 1,
                inputs,
                outputs,
                core: CoreGraphs {
                    encoder: chain("x", inputs, &[up], "z")?,
                    decoder: chain("z", outputs, &[down], "logits")?,
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

    /// Those of all parameters that are trained: its own.
    pub(crate) fn parameters(&self, all: &Parameters) -> Parameters {
        all.used_by(&[&self.core.encoder, &self.core.decoder])
    }

    /// The layer at work, on those below as they stand in `all`.
    pub(crate) fn network<'a>(&'a self, trained: &'a Parameters, all: &'a Parameters, kernels: Kernels) -> Network<'a> {
        Network {
            encoder: &self.core.encoder,
            decoder: &self.core.decoder,
            parameters: trained,
            output_distribution: self.output_distribution,
            kernels,
            below: self.below.as_ref().map(|graph| Below { graph, parameters: all }),
        }
    }
}

/// The nodes of each dense layer, with what follows it.
fn dense_layers(graph: &Graph) -> Vec<&[Node]> {
    graph.nodes().chunk_by(|_, next| !matches!(next.primitive, Primitive::Dense(_))).collect()
}

/// Inputs and outputs of a dense layer.
fn widths(nodes: &[Node]) -> (usize, usize) {
    match nodes.first().map(|node| &node.primitive) {
        Some(Primitive::Dense(dense)) => (dense.inputs, dense.outputs),
        _ => (0, 0),
    }
}

/// How a layer of the decoder gives back what a layer of the encoder gave, both with the same activation: behind a
/// sigmoid these are probabilities, and cost their cross-entropy, which takes the numbers before it (Vincent et al.
/// 2010, section 2.3); all others are compared as they are.
fn of_activations(down: &[Node]) -> (&[Node], OutputDistribution) {
    let variance = Variance::default();
    match down {
        [dense, activation] if activation.primitive == Primitive::Activation(Activation::Sigmoid) => (
            std::slice::from_ref(dense),
            OutputDistribution { likelihood: Likelihood::Bernoulli, link: Link::Sigmoid, variance },
        ),
        all => (all, OutputDistribution { likelihood: Likelihood::Gaussian, link: Link::Identity, variance }),
    }
}

/// Layers one behind the other.
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
