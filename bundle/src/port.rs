//! The ports of a graph: its inputs and outputs, with names, shapes, element types and roles.

use narrows_table::Layout;
use serde::{Deserialize, Serialize};

use crate::{DECODER, ENCODER, Kind, onnx::element};

/// The meaning of a port. The runtime finds inputs and outputs by role, never by the kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A sample in the data's own unit.
    Sample,
    /// A class index, `0..classes`.
    Label,
    /// A latent code.
    Latent,
    /// The mean of the posterior over the code.
    Mean,
    /// The logarithm of the posterior's variance, per latent dimension.
    LogVariance,
    /// The decoded sample, in the data's own unit.
    Reconstruction,
    /// The logits: logarithms of the class probabilities, up to a constant that is the same for all classes.
    Logits,
    /// The probability of each class.
    Probabilities,
    /// The predicted targets of a regression, in their own unit.
    Prediction,
    /// The anomaly score: the larger, the less normal.
    Score,
    /// The conformal p-value of the anomaly score, in (0, 1].
    PValue,
    /// Whether the p-value is at most the level.
    Anomaly,
    /// The share of each value of the sample in the reconstruction error; the shares of a row sum to 1.
    Share,
    /// The categories of a row of a mixed table, each as a position in its vocabulary, from 1; 0 for an unseen level or
    /// a missing value.
    Categories,
    /// The decoded categories: the most probable level of each, or the median of an ordered category; never 0.
    DecodedCategories,
    /// The probabilities of the levels of all categories of a mixed table, one category after the other.
    LevelProbabilities,
}

/// Element type of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// 64-bit signed integer.
    I64,
    /// Boolean.
    Bool,
}

impl ElementType {
    /// Returns the code of the type in ONNX.
    pub fn code(self) -> i32 {
        match self {
            ElementType::F32 => element::FLOAT,
            ElementType::I64 => element::INT64,
            ElementType::Bool => element::BOOL,
        }
    }
}

/// One input or output of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Name inside the ONNX graph.
    pub name: String,
    /// Meaning of its values.
    pub role: Role,
    /// Element type.
    pub dtype: ElementType,
    /// Shape of one row, without the leading batch dimension.
    pub shape: Vec<usize>,
}

impl Port {
    /// Creates a port of 32-bit floats.
    pub(crate) fn floats(name: &str, role: Role, shape: &[usize]) -> Self {
        Port { name: name.to_owned(), role, dtype: ElementType::F32, shape: shape.to_vec() }
    }

    /// Creates a port of 64-bit integers.
    fn integers(name: &str, role: Role, shape: &[usize]) -> Self {
        Port { name: name.to_owned(), role, dtype: ElementType::I64, shape: shape.to_vec() }
    }
}

/// The ports of one graph, and its file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphPorts {
    /// File name inside the bundle.
    pub file: String,
    /// Inputs, in the graph's order.
    pub inputs: Vec<Port>,
    /// Outputs, in the graph's order.
    pub outputs: Vec<Port>,
    /// Inputs with a default value, after all others in the graph's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<Setting>,
}

/// A scalar input of a graph, a 32-bit float, with a default value: a caller can leave it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Name inside the ONNX graph.
    pub name: String,
    /// Value that the graph uses if the input is left out.
    pub default: f32,
}

impl GraphPorts {
    /// Returns the input with this role.
    pub fn input(&self, role: Role) -> Option<&Port> {
        self.inputs.iter().find(|port| port.role == role)
    }

    /// Returns the output with this role.
    pub fn output(&self, role: Role) -> Option<&Port> {
        self.outputs.iter().find(|port| port.role == role)
    }

    /// Returns the names of the outputs, in the graph's order.
    pub(crate) fn output_names(&self) -> Vec<String> {
        self.outputs.iter().map(|port| port.name.clone()).collect()
    }
}

/// Returns the inputs for the rows of a mixed table: `x` with the numbers and `categories` with the categories. A table
/// without numbers or without categories has no port for them.
pub(crate) fn table_inputs(layout: &Layout) -> Vec<Port> {
    let ports = [
        Port::floats("x", Role::Sample, &[layout.numbers.len()]),
        Port::integers("categories", Role::Categories, &[layout.categories.len()]),
    ];
    ports.into_iter().filter(|port| port.shape != [0]).collect()
}

/// Returns the outputs with a decoded row of a mixed table: `x_hat` with the numbers, `categories_hat` with the
/// categories and `probabilities` with those of all levels. A table without numbers or without categories has no port
/// for them.
pub(crate) fn table_outputs(layout: &Layout) -> Vec<Port> {
    let ports = [
        Port::floats("x_hat", Role::Reconstruction, &[layout.numbers.len()]),
        Port::integers("categories_hat", Role::DecodedCategories, &[layout.categories.len()]),
        Port::floats("probabilities", Role::LevelProbabilities, &[layout.levels()]),
    ];
    ports.into_iter().filter(|port| port.shape != [0]).collect()
}

/// The ports of the encoder and the decoder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ports {
    /// Sample to code.
    pub encoder: GraphPorts,
    /// Code to sample.
    pub decoder: GraphPorts,
}

impl Ports {
    /// Returns the ports of a kind of model, for samples of shape `sample_shape` and `latent_dim` latent
    /// dimensions.
    pub fn of(kind: Kind, sample_shape: &[usize], latent_dim: usize) -> Self {
        let sample = vec![Port::floats("x", Role::Sample, sample_shape)];
        let reconstruction = vec![Port::floats("x_hat", Role::Reconstruction, sample_shape)];
        Self::between(kind, sample, reconstruction, latent_dim)
    }

    /// Returns the ports of a kind of model for the rows of a mixed table. Numbers and categories are separate inputs
    /// and outputs; a table without numbers or without categories has no port for them.
    pub fn of_table(kind: Kind, layout: &Layout, latent_dim: usize) -> Self {
        Self::between(kind, table_inputs(layout), table_outputs(layout), latent_dim)
    }

    fn between(kind: Kind, sample: Vec<Port>, reconstruction: Vec<Port>, latent_dim: usize) -> Self {
        let code = |name, role| Port::floats(name, role, &[latent_dim]);
        let label = Port { name: "label".to_owned(), role: Role::Label, dtype: ElementType::I64, shape: vec![] };
        let label = kind.is_conditional().then_some(label);
        let with_label = |first: Vec<Port>| first.into_iter().chain(label.clone()).collect();
        Ports {
            encoder: GraphPorts {
                file: ENCODER.to_owned(),
                inputs: with_label(sample),
                outputs: if kind.is_variational() {
                    vec![code("mu", Role::Mean), code("log_var", Role::LogVariance)]
                } else {
                    vec![code("z", Role::Latent)]
                },
                settings: Vec::new(),
            },
            decoder: GraphPorts {
                file: DECODER.to_owned(),
                inputs: with_label(vec![code("z", Role::Latent)]),
                outputs: reconstruction,
                settings: Vec::new(),
            },
        }
    }
}
