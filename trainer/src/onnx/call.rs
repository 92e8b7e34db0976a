//! The interface by which a primitive adds its nodes, parameters and constants to an ONNX graph.

use std::ops::Range;

use narrows_bundle::{
    ElementType,
    onnx::{Attribute, Node, Tensor, attribute},
};
use ndarray::ArrayD;

use crate::network::Weights;

/// Collects the ONNX nodes and constants of one node of a network.
///
/// All names have the name of the network's node as a prefix, so they are unique within the graph.
#[derive(Debug)]
pub struct Call<'a> {
    prefix: &'a str,
    weights: &'a Weights,
    nodes: &'a mut Vec<Node>,
    constants: &'a mut Vec<Tensor>,
    node_count: usize,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        prefix: &'a str,
        weights: &'a Weights,
        nodes: &'a mut Vec<Node>,
        constants: &'a mut Vec<Tensor>,
    ) -> Self {
        Call { prefix, weights, nodes, constants, node_count: 0 }
    }

    /// Adds an operator and returns the name of its result.
    pub fn node(&mut self, operator: &str, inputs: &[String]) -> String {
        self.push(operator, inputs, Vec::new())
    }

    /// Adds an operator with one float attribute and returns the name of its result.
    pub fn node_with_float(&mut self, operator: &str, inputs: &[String], name: &str, value: f32) -> String {
        let attribute = Attribute { name: name.to_owned(), r#type: attribute::FLOAT, f: value, ..Attribute::default() };
        self.push(operator, inputs, vec![attribute])
    }

    /// Adds an operator with one integer attribute and returns the name of its result.
    pub fn node_with_integer(&mut self, operator: &str, inputs: &[String], name: &str, value: i64) -> String {
        let attribute = Attribute { name: name.to_owned(), r#type: attribute::INT, i: value, ..Attribute::default() };
        self.push(operator, inputs, vec![attribute])
    }

    /// Adds an operator with one attribute of integers and returns the name of its result.
    pub fn node_with_integers(&mut self, operator: &str, inputs: &[String], name: &str, values: &[i64]) -> String {
        self.push(operator, inputs, vec![integers(name, values)])
    }

    /// Adds a conversion to another element type and returns the name of its result.
    pub fn cast(&mut self, x: &str, to: ElementType) -> String {
        self.node_with_integer("Cast", &[x.to_owned()], "to", i64::from(to.code()))
    }

    /// Adds an operator that reduces `axis` to length 1, and returns the name of its result. For `ReduceSum`, see
    /// [`Call::sum`].
    pub fn reduce(&mut self, operator: &str, x: &str, axis: i64) -> String {
        let keeps_axis =
            Attribute { name: "keepdims".to_owned(), r#type: attribute::INT, i: 1, ..Attribute::default() };
        self.push(operator, &[x.to_owned()], vec![integers("axes", &[axis]), keeps_axis])
    }

    /// Adds the sum over `axis`, which keeps length 1, and returns the name of its result.
    pub fn sum(&mut self, x: &str, axis: i64) -> String {
        let axes = self.integers(&format!("axis.{}", self.node_count), &[axis]);
        self.node_with_integer("ReduceSum", &[x.to_owned(), axes], "keepdims", 1)
    }

    /// Adds `ln sum exp(x)` over the last axis of `[batch, values]`, which keeps length 1, and returns the name of its
    /// result. Several nodes, because candle-onnx has no `ReduceLogSumExp`.
    pub fn log_sum_exp(&mut self, x: &str) -> String {
        let largest = self.reduce("ReduceMax", x, 1);
        let relative = self.node("Sub", &[x.to_owned(), largest.clone()]);
        let exponentials = self.node("Exp", &[relative]);
        let sum = self.sum(&exponentials, 1);
        let log = self.node("Log", &[sum]);
        self.node("Add", &[log, largest])
    }

    /// Adds the `count` smallest values of the last axis, in ascending order, and returns the name of its result.
    pub fn smallest(&mut self, x: &str, count: usize) -> String {
        let count = self.integers(&format!("count.{}", self.node_count), &[count as i64]);
        let attribute =
            |name: &str, i| Attribute { name: name.to_owned(), r#type: attribute::INT, i, ..Attribute::default() };
        let attributes = vec![attribute("axis", -1), attribute("largest", 0), attribute("sorted", 1)];
        let values = self.push("TopK", &[x.to_owned(), count], attributes);
        if let Some(node) = self.nodes.last_mut() {
            node.output.push(format!("{}:positions", node.name));
        }
        values
    }

    /// Adds a change of the shape; 0 keeps a dimension, and -1 is the remaining one.
    pub fn reshape(&mut self, x: &str, shape: &[i64]) -> String {
        let shape = self.integers(&format!("shape.{}", self.node_count), shape);
        self.node("Reshape", &[x.to_owned(), shape])
    }

    /// Adds a convolution of `x`, `weight` and `bias`, and returns the name of its result. `pads` is the padding at the
    /// top, left, bottom and right.
    pub fn conv(&mut self, inputs: &[String; 3], strides: &[i64], pads: &[i64]) -> String {
        // The default, which rten expects to be written.
        let dilations = integers("dilations", &[1, 1]);
        self.push("Conv", inputs, vec![dilations, integers("strides", strides), integers("pads", pads)])
    }

    /// Adds a pooling over windows that do not overlap, and returns the name of its result.
    pub fn pool(&mut self, operator: &str, x: &str, window: &[i64; 2]) -> String {
        let attributes = vec![integers("kernel_shape", window), integers("strides", window)];
        self.push(operator, &[x.to_owned()], attributes)
    }

    /// Adds nearest-neighbour upsampling by integer factors and returns the name of its result. It has no region of
    /// interest.
    pub fn resize_nearest(&mut self, x: &str, scales: &str) -> String {
        let inputs = [x.to_owned(), String::new(), scales.to_owned()];
        let attributes =
            [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")];
        self.push("Resize", &inputs, attributes.map(|(name, value)| text(name, value)).to_vec())
    }

    /// Adds a trained parameter with another shape as a constant and returns its name. `reorder` returns its values in
    /// the order of that shape.
    pub fn reshaped_parameter(
        &mut self,
        name: &str,
        shape: &[usize],
        reorder: impl FnOnce(&ArrayD<f32>) -> Vec<f32>,
    ) -> String {
        let name = format!("{}.{name}", self.prefix);
        if let Some(array) = self.weights.get(&name) {
            self.constants.push(Tensor::floats(&name, shape, &reorder(array)));
        }
        name
    }

    /// Adds a trained parameter as a constant and returns its name.
    pub fn parameter(&mut self, name: &str) -> String {
        let name = format!("{}.{name}", self.prefix);
        // A missing parameter leaves an undefined name in the graph. The check of every exported graph rejects it.
        if let Some(array) = self.weights.get(&name) {
            let values: Vec<f32> = array.iter().copied().collect();
            self.constants.push(Tensor::floats(&name, array.shape(), &values));
        }
        name
    }

    /// Adds a range of the values of a trained vector as a constant `name` of another shape, and returns its name.
    pub fn part_of_parameter(&mut self, parameter: &str, name: &str, shape: &[usize], values: Range<usize>) -> String {
        let name = format!("{}.{name}", self.prefix);
        let all = self.weights.get(&format!("{}.{parameter}", self.prefix)).and_then(|array| array.as_slice());
        // As for a missing parameter, the graph then has an undefined name.
        if let Some(part) = all.and_then(|all| all.get(values)) {
            self.constants.push(Tensor::floats(&name, shape, part));
        }
        name
    }

    /// Adds a float constant and returns its name.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        let name = format!("{}.{name}", self.prefix);
        self.constants.push(Tensor::floats(&name, shape, values));
        name
    }

    /// Adds a constant vector of integers and returns its name.
    pub fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let name = format!("{}.{name}", self.prefix);
        self.constants.push(Tensor::integers(&name, &[values.len()], values));
        name
    }

    /// Adds an integer constant without dimensions and returns its name.
    pub fn scalar_integer(&mut self, name: &str, value: i64) -> String {
        let name = format!("{}.{name}", self.prefix);
        self.constants.push(Tensor::integers(&name, &[], &[value]));
        name
    }

    fn push(&mut self, operator: &str, inputs: &[String], attributes: Vec<Attribute>) -> String {
        let name = match self.node_count {
            0 => self.prefix.to_owned(),
            count => format!("{}.{}.{count}", self.prefix, operator.to_lowercase()),
        };
        self.node_count += 1;
        let output = format!("{name}:out");
        self.nodes.push(Node {
            name,
            op_type: operator.to_owned(),
            input: inputs.to_vec(),
            output: vec![output.clone()],
            attribute: attributes,
            ..Node::default()
        });
        output
    }
}

fn integers(name: &str, values: &[i64]) -> Attribute {
    Attribute { name: name.to_owned(), r#type: attribute::INTS, ints: values.to_vec(), ..Attribute::default() }
}

fn text(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), r#type: attribute::STRING, s: value.as_bytes().to_vec(), ..Attribute::default() }
}
