//! Adds the input and output processing of the exported graphs: their ports have the shape and the scale of the data.

mod table;

use narrows_bundle::{ElementType, Link, Scaling};
pub(crate) use table::{with_table_decoder_ports, with_table_encoder_ports, with_table_row};

use super::{Activation, Affine, Graph, GraphError, Reshape, Value};

/// Adds input processing to an encoder: the input `x: [...sample shape]` in the scale of the data is flattened and
/// scaled.
///
/// # Errors
/// [`GraphError`] if the encoder expects a different number of features.
pub fn with_encoder_ports(core: &Graph, sample_shape: &[usize], scaling: &Scaling) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let x = graph.input("x", ElementType::F32, sample_shape);
    let other_inputs = copy_inputs(&mut graph, core);
    let features = sample_shape.iter().product();
    let flat = reshaped(&mut graph, "flatten", x, &[features])?;
    let scaled = graph.node("scale", Affine::to_network(scaling), &[flat])?;
    let values: Vec<Value> = std::iter::once(scaled).chain(other_inputs).collect();
    let outputs = graph.splice(core, &values)?;
    for ((name, _), value) in core.outputs().iter().zip(outputs) {
        graph.output(name, value);
    }
    Ok(graph)
}

/// Adds output processing to a decoder: the output link, then the scale and the shape of the data. The output is
/// `x_hat`.
///
/// # Errors
/// [`GraphError`] if the decoder returns a different number of features.
pub fn with_decoder_ports(
    core: &Graph,
    sample_shape: &[usize],
    link: Link,
    scaling: &Scaling,
) -> Result<Graph, GraphError> {
    let mut graph = Graph::new();
    let z = core.inputs().first().map_or(&[][..], |input| &input.shape);
    let z = graph.input("z", ElementType::F32, z);
    let values: Vec<Value> = std::iter::once(z).chain(copy_inputs(&mut graph, core)).collect();
    for mut value in graph.splice(core, &values)? {
        if link == Link::Sigmoid {
            value = graph.node("link", Activation::Sigmoid, &[value])?;
        }
        let unscaled = graph.node("unscale", Affine::to_data(scaling), &[value])?;
        let shaped = reshaped(&mut graph, "unflatten", unscaled, sample_shape)?;
        graph.output("x_hat", shaped);
    }
    Ok(graph)
}

/// Copies all inputs except the first.
fn copy_inputs(graph: &mut Graph, core: &Graph) -> Vec<Value> {
    core.inputs().iter().skip(1).map(|input| graph.input(&input.name, input.dtype, &input.shape)).collect()
}

fn reshaped(graph: &mut Graph, name: &str, value: Value, shape: &[usize]) -> Result<Value, GraphError> {
    if graph.shape(value) == shape { Ok(value) } else { graph.node(name, Reshape { shape: shape.to_vec() }, &[value]) }
}
