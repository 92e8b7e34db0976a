//! A network: a list of nodes over a closed set of primitives, with every shape known.

use narrows_bundle::ElementType;

use super::{operation::Reads, parameter::ParameterSpec, primitive::Primitive};

/// Why a node cannot be added to a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A node was given inputs of shapes that it cannot take.
    #[error("layer `{node}` ({primitive}) {problem}")]
    Shape {
        /// Name of the node.
        node: String,
        /// What it does.
        primitive: String,
        /// What it expects and what it got.
        problem: String,
    },
    /// Two nodes of one name would share their parameters.
    #[error("there is a layer `{node}` already")]
    Duplicate {
        /// The name.
        node: String,
    },
}

/// What flows along an edge: an input of the graph, or the result of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The input of this index.
    Input(usize),
    /// The result of the node of this index.
    Node(usize),
}

/// An input of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Port name.
    pub name: String,
    /// Element type.
    pub dtype: ElementType,
    /// Shape of one row.
    pub shape: Vec<usize>,
}

/// One step of the computation.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name, the prefix of its parameters: `encoder.0` has `encoder.0.weight`.
    pub name: String,
    /// What it does.
    pub primitive: Primitive,
    /// What it reads.
    pub inputs: Vec<Value>,
    /// Shape of one row of its result.
    pub shape: Vec<usize>,
}

impl Node {
    /// The parameters with their full names.
    pub fn parameters(&self) -> Vec<(String, ParameterSpec)> {
        let specs = self.primitive.operation().parameters();
        specs.into_iter().map(|spec| (format!("{}.{}", self.name, spec.name), spec)).collect()
    }
}

/// A network. Shapes are those of one row; a batch dimension stands in front everywhere.
///
/// Nodes can only be added after what they read, so their order is an order to run them in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    inputs: Vec<Input>,
    nodes: Vec<Node>,
    outputs: Vec<(String, Value)>,
}

impl Graph {
    /// A graph without anything in it.
    pub fn new() -> Self {
        Graph::default()
    }

    /// Adds an input.
    pub fn input(&mut self, name: &str, dtype: ElementType, shape: &[usize]) -> Value {
        self.inputs.push(Input { name: name.to_owned(), dtype, shape: shape.to_vec() });
        Value::Input(self.inputs.len() - 1)
    }

    /// Adds a node and infers the shape of its result.
    ///
    /// # Errors
    /// [`GraphError::Shape`] if the primitive cannot take these inputs (their number, shapes, or labels in the place
    /// of numbers), [`GraphError::Duplicate`] if the name is taken.
    pub fn node(
        &mut self,
        name: impl Into<String>,
        primitive: impl Into<Primitive>,
        inputs: &[Value],
    ) -> Result<Value, GraphError> {
        let (name, primitive) = (name.into(), primitive.into());
        if self.nodes.iter().any(|node| node.name == name) {
            return Err(GraphError::Duplicate { node: name });
        }
        let shapes: Vec<&[usize]> = inputs.iter().map(|&value| self.shape(value)).collect();
        let operation = primitive.operation();
        let shape = operation
            .shape(&shapes)
            .and_then(|shape| self.check_elements(operation.reads(), inputs).map(|()| shape))
            .map_err(|problem| GraphError::Shape { node: name.clone(), primitive: operation.describe(), problem })?;
        self.nodes.push(Node { name, primitive, inputs: inputs.to_vec(), shape });
        Ok(Value::Node(self.nodes.len() - 1))
    }

    /// Makes a value an output, under a port name.
    pub fn output(&mut self, name: &str, value: Value) {
        self.outputs.push((name.to_owned(), value));
    }

    /// Inputs in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Nodes in an order in which they can be run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Outputs in order.
    pub fn outputs(&self) -> &[(String, Value)] {
        &self.outputs
    }

    /// Shape of one row of a value; empty for a value of another graph.
    pub fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input(index) => self.inputs.get(index).map_or(&[], |input| &input.shape),
            Value::Node(index) => self.nodes.get(index).map_or(&[], |node| &node.shape),
        }
    }

    /// The nodes whose primitives do not run on rows where they lie. One of them is enough for the graph to be composed
    /// of Candle's operations, whichever kernels are asked for.
    pub fn nodes_without_kernel(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.primitive.operation().kernel().is_none())
    }

    /// What an input or a result holds: results are numbers.
    fn element(&self, value: Value) -> ElementType {
        match value {
            Value::Input(index) => self.inputs.get(index).map_or(ElementType::F32, |input| input.dtype),
            Value::Node(_) => ElementType::F32,
        }
    }

    fn check_elements(&self, reads: Reads, inputs: &[Value]) -> Result<(), String> {
        let (expected, told) = match reads {
            Reads::Numbers => (ElementType::F32, "numbers"),
            Reads::Labels { .. } => (ElementType::I64, "labels"),
        };
        match inputs.iter().map(|&value| self.element(value)).find(|&found| found != expected) {
            Some(found) => Err(format!("reads {told} ({expected:?}), got {found:?}")),
            None => Ok(()),
        }
    }

    /// Every parameter of the graph with its full name, in the order of the nodes.
    pub fn parameters(&self) -> impl Iterator<Item = (String, ParameterSpec)> + '_ {
        self.nodes.iter().flat_map(Node::parameters)
    }

    /// Copies the nodes of `other` behind this graph, with `values` in the place of its inputs, and
    /// returns its outputs.
    ///
    /// # Errors
    /// [`GraphError::Shape`] if `values` have other shapes than its inputs.
    pub fn splice(&mut self, other: &Graph, values: &[Value]) -> Result<Vec<Value>, GraphError> {
        let mut placed: Vec<Value> = Vec::with_capacity(other.nodes.len());
        let place = |placed: &[Value], value: Value| match value {
            Value::Input(index) => values.get(index).copied().unwrap_or(value),
            Value::Node(index) => placed.get(index).copied().unwrap_or(value),
        };
        for node in &other.nodes {
            let inputs: Vec<Value> = node.inputs.iter().map(|&value| place(&placed, value)).collect();
            placed.push(self.node(node.name.clone(), node.primitive.clone(), &inputs)?);
        }
        Ok(other.outputs.iter().map(|(_, value)| place(&placed, *value)).collect())
    }
}
