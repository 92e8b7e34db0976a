//! The complete ONNX model: nodes, ports, operator set and metadata.

use narrows_bundle::{
    ElementType, Port,
    onnx::{
        BATCH, Dimension, DimensionValue, Entry, Graph as OnnxGraph, IR_VERSION, Model, Node, OPSET, OperatorSet,
        PRODUCER, Shape, TensorType, Type, ValueInfo,
    },
};

use super::Call;
use crate::network::{Graph, Value, Weights};

/// Key and value pairs for `metadata_props`. Keys get the prefix `narrows.`. A key has the same value in all graphs of
/// a bundle, because `onnx.compose.merge_models` refuses to merge others; the name of the graph tells which one it is.
pub(super) type Metadata<'a> = &'a [(&'a str, String)];

/// Converts a graph and its weights to an ONNX model with the given output ports.
///
/// Outputs are matched to ports by name. The model does not depend on the time or the machine.
pub fn to_model(name: &str, graph: &Graph, weights: &Weights, outputs: &[Port], metadata: Metadata<'_>) -> Model {
    let (mut nodes, mut constants) = (Vec::new(), Vec::new());
    let mut results: Vec<String> = Vec::with_capacity(graph.nodes().len());
    let name_of = |results: &[String], value: Value| match value {
        Value::Input(index) => graph.inputs().get(index).map(|input| input.name.clone()).unwrap_or_default(),
        Value::Node(index) => results.get(index).cloned().unwrap_or_default(),
    };
    for node in graph.nodes() {
        let inputs: Vec<String> = node.inputs.iter().map(|&value| name_of(&results, value)).collect();
        let mut call = Call::new(&node.name, weights, &mut nodes, &mut constants);
        results.push(node.primitive.operation().onnx(&mut call, &inputs));
    }
    // Names that must not be renamed: those of inputs, and of output ports that are already assigned.
    let mut fixed_names: Vec<String> = graph.inputs().iter().map(|input| input.name.clone()).collect();
    for (port, value) in graph.outputs() {
        let name = name_of(&results, *value);
        if fixed_names.contains(&name) {
            nodes.push(identity(&name, port));
        } else {
            rename(&mut nodes, &name, port);
            results.iter_mut().filter(|result| **result == name).for_each(|result| port.clone_into(result));
        }
        fixed_names.push(port.clone());
    }
    let inputs = graph.inputs().iter().map(|input| value_info(&input.name, input.dtype, &input.shape));
    let onnx = OnnxGraph {
        name: name.to_owned(),
        node: nodes,
        initializer: constants,
        input: inputs.collect(),
        output: outputs.iter().map(|port| value_info(&port.name, port.dtype, &port.shape)).collect(),
        ..OnnxGraph::default()
    };
    let metadata = metadata.iter().map(|(key, value)| (*key, value.clone()));
    model_of(onnx, metadata)
}

/// Returns the model of a graph, with the versions, the producer and the metadata, whose keys get the prefix
/// `narrows.`.
pub(crate) fn model_of<'a>(graph: OnnxGraph, metadata: impl IntoIterator<Item = (&'a str, String)>) -> Model {
    let entry = |(key, value): (&str, String)| Entry { key: format!("{PRODUCER}.{key}"), value };
    Model {
        ir_version: IR_VERSION,
        producer_name: PRODUCER.to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
        metadata_props: metadata.into_iter().map(entry).collect(),
        ..Model::default()
    }
}

fn rename(nodes: &mut [Node], value: &str, port: &str) {
    for name in nodes.iter_mut().flat_map(|node| node.input.iter_mut().chain(&mut node.output)) {
        if name == value {
            port.clone_into(name);
        }
    }
}

fn identity(value: &str, port: &str) -> Node {
    Node {
        name: format!("{port}.identity"),
        op_type: "Identity".to_owned(),
        input: vec![value.to_owned()],
        output: vec![port.to_owned()],
        ..Node::default()
    }
}

/// Returns the description of a value whose first dimension is the batch.
pub(crate) fn value_info(name: &str, dtype: ElementType, shape: &[usize]) -> ValueInfo {
    let batch = DimensionValue::Symbol(BATCH.to_owned());
    let sizes = shape.iter().map(|&size| DimensionValue::Size(size as i64));
    let dim = std::iter::once(batch).chain(sizes).map(|value| Dimension { value: Some(value) }).collect();
    let tensor_type = TensorType { elem_type: dtype.code(), shape: Some(Shape { dim }) };
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
}
