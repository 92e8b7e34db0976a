//! Parts of layers that dense and convolutional networks share.

use super::{Activation, BatchNorm, Graph, GraphError, LayerNorm, Normalisation, ScaleChannels, Value};

/// The label that a layer receives, and the number of classes.
pub(super) type Label = Option<(Value, usize)>;

/// What follows the linear part of a hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) normalisation: Normalisation,
    pub(super) activation: Activation,
}

impl Hidden {
    /// Adds normalisation and activation after the layer `name`.
    pub(super) fn finish(self, graph: &mut Graph, name: &str, value: Value) -> Result<Value, GraphError> {
        let value = self.normalised(graph, name, value)?;
        activated(graph, name, value, self.activation)
    }

    /// Adds the normalisation after the layer `name`, with its scale and shift.
    pub(super) fn normalised(self, graph: &mut Graph, name: &str, value: Value) -> Result<Value, GraphError> {
        let (shape, norm) = (graph.shape(value).to_vec(), format!("{name}.norm"));
        let value = match self.normalisation {
            Normalisation::None => return Ok(value),
            Normalisation::Batch => graph.node(norm, BatchNorm { shape: shape.clone() }, &[value])?,
            Normalisation::Layer => graph.node(norm, LayerNorm { shape: shape.clone() }, &[value])?,
        };
        graph.node(format!("{name}.scale"), ScaleChannels { shape }, &[value])
    }
}

/// Adds the activation after the layer `name`. The identity adds no node.
pub(super) fn activated(
    graph: &mut Graph,
    name: &str,
    value: Value,
    activation: Activation,
) -> Result<Value, GraphError> {
    match activation {
        Activation::Identity => Ok(value),
        _ => graph.node(format!("{name}.{activation}"), activation, &[value]),
    }
}
