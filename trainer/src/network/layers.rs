//! Parts of layers that dense and convolutional networks share.

use super::{Activation, Graph, GraphError, Value};

/// The label that a layer receives, and the number of classes.
pub(super) type Label = Option<(Value, usize)>;

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
