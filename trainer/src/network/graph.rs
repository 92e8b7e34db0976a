//! Computation graph of a network: a list of nodes from a closed set of primitives, with static shapes.

use narrows_bundle::ElementType;

use super::{
    operation::{InputKind, Operation},
    parameter::ParameterSpec,
    primitive::Primitive,
};

/// Error when a node cannot be added to a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The node does not accept inputs of these shapes.
    #[error("layer `{node}` ({primitive}) {problem}")]
    Shape {
        /// Name of the node.
        node: String,
        /// Description of its primitive.
        primitive: String,
        /// Expected and actual inputs.
        problem: String,
    },
    /// A node of this name exists. Both nodes would share their parameters.
    #[error("a layer named `{node}` already exists; choose a different name")]
    Duplicate {
        /// Name of the node.
        node: String,
    },
}

/// A value in the graph: an input, or the result of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The input with this index.
    Input(usize),
    /// The result of the node with this index.
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

/// A node: one operation of the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Name, and prefix of its parameters: `encoder.0` has the parameter `encoder.0.weight`.
    pub name: String,
    /// The operation.
    pub primitive: Primitive,
    /// Inputs of the operation.
    pub inputs: Vec<Value>,
    /// Shape of one row of its result.
    pub shape: Vec<usize>,
}

impl Node {
    /// Returns the parameters with their full names.
    pub fn parameters(&self) -> Vec<(String, ParameterSpec)> {
        let specs = self.primitive.operation().parameters();
        specs.into_iter().map(|spec| (format!("{}.{}", self.name, spec.name), spec)).collect()
    }
}

/// A network. All shapes are those of one row, without the batch dimension, which is always the first one.
///
/// A node can only be added after its inputs, so the nodes are in topological order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    inputs: Vec<Input>,
    nodes: Vec<Node>,
    outputs: Vec<(String, Value)>,
}

impl Graph {
    /// Creates an empty graph.
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
    /// [`GraphError::Shape`] if the primitive does not accept the number, the shapes or the element types of the
    /// inputs, [`GraphError::Duplicate`] if a node of this name exists.
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
        let shape =
            operation.shape(&shapes).and_then(|shape| self.check_elements(operation, inputs).map(|()| shape)).map_err(
                |problem| GraphError::Shape { node: name.clone(), primitive: operation.describe(), problem },
            )?;
        self.nodes.push(Node { name, primitive, inputs: inputs.to_vec(), shape });
        Ok(Value::Node(self.nodes.len() - 1))
    }

    /// Makes a value an output of the graph with this port name.
    pub fn output(&mut self, name: &str, value: Value) {
        self.outputs.push((name.to_owned(), value));
    }

    /// Returns the inputs in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Returns the nodes in topological order.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the outputs in order.
    pub fn outputs(&self) -> &[(String, Value)] {
        &self.outputs
    }

    /// Returns the shape of one row of a value. It is empty for a value that is not in this graph.
    pub fn shape(&self, value: Value) -> &[usize] {
        match value {
            Value::Input(index) => self.inputs.get(index).map_or(&[], |input| &input.shape),
            Value::Node(index) => self.nodes.get(index).map_or(&[], |node| &node.shape),
        }
    }

    /// Returns the nodes whose primitives have no kernel. If there is one, the whole graph is evaluated by Candle's
    /// operations, whichever kernels are selected.
    pub fn nodes_without_kernel(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.primitive.operation().kernel().is_none())
    }

    /// Returns the element type of a value. Results of nodes are always floats.
    fn element(&self, value: Value) -> ElementType {
        match value {
            Value::Input(index) => self.inputs.get(index).map_or(ElementType::F32, |input| input.dtype),
            Value::Node(_) => ElementType::F32,
        }
    }

    fn check_elements(&self, operation: &dyn Operation, inputs: &[Value]) -> Result<(), String> {
        for (index, &value) in inputs.iter().enumerate() {
            let (expected, description) = match operation.input_kind(index) {
                InputKind::Floats => (ElementType::F32, "floats"),
                InputKind::Labels { .. } => (ElementType::I64, "labels"),
                InputKind::Categories => (ElementType::I64, "categories"),
            };
            let actual = self.element(value);
            if actual != expected {
                return Err(format!("expects {description} ({expected:?}), got {actual:?}"));
            }
        }
        Ok(())
    }

    /// Returns all parameters with their full names, in the order of the nodes.
    pub fn parameters(&self) -> impl Iterator<Item = (String, ParameterSpec)> + '_ {
        self.nodes.iter().flat_map(Node::parameters)
    }

    /// Returns the number of values per row in the results of all nodes.
    pub fn values_per_row(&self) -> usize {
        self.nodes.iter().map(|node| node.shape.iter().product::<usize>()).sum()
    }

    /// Returns the number of values per row that Candle's operations keep for the gradients: the results of all nodes
    /// and what is computed in between, such as a product before its bias, or patches.
    pub fn values_kept_by_candle(&self) -> usize {
        let of_nodes = self.nodes.iter().map(|node| {
            let result: usize = node.shape.iter().product();
            2 * (result + node.primitive.operation().composed_values())
        });
        of_nodes.sum()
    }

    /// Appends the nodes of `other` to this graph. `values` replace the inputs of `other`. Returns its outputs.
    ///
    /// # Errors
    /// [`GraphError::Shape`] if the shapes of `values` do not match its inputs, [`GraphError::Duplicate`] if both
    /// graphs have a node of the same name.
    pub fn splice(&mut self, other: &Graph, values: &[Value]) -> Result<Vec<Value>, GraphError> {
        let replaced: Vec<Vec<Value>> = values.iter().map(|&value| vec![value]).collect();
        self.splice_with(other, &replaced, Primitive::clone)
    }

    /// Appends the nodes of an encoder of cells to this graph, with the inputs of an exported graph: `cells` replace
    /// its first input, which is read by a [`TableRow`](super::TableRow) alone, and `values` the others.
    ///
    /// # Errors
    /// Those of [`splice`](Graph::splice).
    pub(crate) fn splice_of_ports(
        &mut self,
        other: &Graph,
        cells: &[Value],
        values: &[Value],
    ) -> Result<Vec<Value>, GraphError> {
        let replaced: Vec<Vec<Value>> =
            std::iter::once(cells.to_vec()).chain(values.iter().map(|&value| vec![value])).collect();
        let of_ports = |primitive: &Primitive| match primitive.as_table_row() {
            Some(row) => row.of_ports().into(),
            None => primitive.clone(),
        };
        self.splice_with(other, &replaced, of_ports)
    }

    /// Appends the nodes of `other`, each input of which is replaced by several values, and each primitive of which by
    /// that of `change`.
    fn splice_with(
        &mut self,
        other: &Graph,
        values: &[Vec<Value>],
        change: impl Fn(&Primitive) -> Primitive,
    ) -> Result<Vec<Value>, GraphError> {
        let mut copied: Vec<Value> = Vec::with_capacity(other.nodes.len());
        let resolve = |copied: &[Value], value: Value| match value {
            Value::Input(index) => values.get(index).cloned().unwrap_or_else(|| vec![value]),
            Value::Node(index) => vec![copied.get(index).copied().unwrap_or(value)],
        };
        for node in &other.nodes {
            let inputs: Vec<Value> = node.inputs.iter().flat_map(|&value| resolve(&copied, value)).collect();
            copied.push(self.node(node.name.clone(), change(&node.primitive), &inputs)?);
        }
        Ok(other.outputs.iter().flat_map(|(_, value)| resolve(&copied, *value)).collect())
    }
}
