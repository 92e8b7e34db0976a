//! The detector graph under construction: the encoder, the decoder and further nodes.

use std::collections::BTreeMap;

use narrows_bundle::{
    GraphPorts, Port, Setting,
    onnx::{Graph, Model, Node, Shape, Tensor, TensorType, Type, ValueInfo, element},
};

use super::DetectorError;
use crate::{
    network::Weights,
    onnx::{Call, model_of, value_info},
};

/// Nodes and constants of a graph.
#[derive(Debug, Default)]
pub(super) struct Joined {
    nodes: Vec<Node>,
    constants: Vec<Tensor>,
    weights: Weights,
}

impl Joined {
    /// Adds a model whose inputs are replaced by the given values. Every other name of the model gets the prefix.
    /// Returns the names of its outputs.
    pub(super) fn embed(
        &mut self,
        prefix: &str,
        model: &Model,
        inputs: &BTreeMap<&str, String>,
    ) -> Result<BTreeMap<String, String>, DetectorError> {
        let graph = model.graph.as_ref().ok_or_else(|| DetectorError::Graph("a model has no graph".to_owned()))?;
        if let Some(input) = graph.input.iter().find(|input| !inputs.contains_key(input.name.as_str())) {
            return Err(DetectorError::Graph(format!("nothing is known for its input `{}`", input.name)));
        }
        let renamed = |name: &String| match inputs.get(name.as_str()) {
            Some(value) => value.clone(),
            None if name.is_empty() => String::new(),
            None => format!("{prefix}/{name}"),
        };
        self.nodes.extend(graph.node.iter().map(|node| Node {
            name: format!("{prefix}/{}", node.name),
            input: node.input.iter().map(renamed).collect(),
            output: node.output.iter().map(renamed).collect(),
            ..node.clone()
        }));
        let constants = graph.initializer.iter();
        self.constants.extend(constants.map(|tensor| Tensor { name: renamed(&tensor.name), ..tensor.clone() }));
        Ok(graph.output.iter().map(|output| (output.name.clone(), renamed(&output.name))).collect())
    }

    /// Returns an interface that adds nodes and constants whose names begin with `prefix`.
    pub(super) fn call<'a>(&'a mut self, prefix: &'a str) -> Call<'a> {
        Call::new(prefix, &self.weights, &mut self.nodes, &mut self.constants)
    }

    /// Makes a value an output of the graph.
    pub(super) fn output(&mut self, name: &str, value: &str) {
        self.nodes.push(Node {
            name: format!("{name}.identity"),
            op_type: "Identity".to_owned(),
            input: vec![value.to_owned()],
            output: vec![name.to_owned()],
            ..Node::default()
        });
    }

    /// Completes the model.
    pub(super) fn finish(mut self, name: &str, ports: &GraphPorts, metadata: Vec<(&str, String)>) -> Model {
        let defaults = ports.settings.iter().map(|Setting { name, default }| Tensor::floats(name, &[], &[*default]));
        self.constants.extend(defaults);
        let info = |port: &Port| value_info(&port.name, port.dtype, &port.shape);
        let graph = Graph {
            name: name.to_owned(),
            node: self.nodes,
            initializer: self.constants,
            input: ports.inputs.iter().map(info).chain(ports.settings.iter().map(scalar_info)).collect(),
            output: ports.outputs.iter().map(info).collect(),
            ..Graph::default()
        };
        model_of(graph, metadata)
    }
}

/// Returns the description of a scalar.
fn scalar_info(setting: &Setting) -> ValueInfo {
    let tensor_type = TensorType { elem_type: element::FLOAT, shape: Some(Shape { dim: Vec::new() }) };
    ValueInfo { name: setting.name.clone(), r#type: Some(Type { tensor_type: Some(tensor_type) }) }
}
