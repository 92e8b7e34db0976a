//! The ONNX protobuf messages that Narrows writes and checks.
//!
//! Field numbers and names are those of the ONNX specification (`onnx.proto`, IR version 8). Lists of integers
//! are encoded unpacked, as the specification does, because not every engine reads packed lists. Only the
//! fields that Narrows uses are declared, plus those that the check must see in order to refuse them. Decoding
//! drops all other fields; therefore the engine receives the re-encoded message and never the original file.

use prost::Message;

/// IR version of the graphs that are written.
pub const IR_VERSION: i64 = 8;
/// Version of the standard operator set that the graphs use.
pub const OPSET: i64 = 17;
/// Name of the symbolic first dimension of every port.
pub const BATCH: &str = "batch";
/// Value of [`Model::producer_name`].
pub const PRODUCER: &str = "narrows";

/// Codes of the element types in `onnx.proto3`.
pub mod element {
    /// 32-bit float.
    pub const FLOAT: i32 = 1;
    /// 64-bit signed integer.
    pub const INT64: i32 = 7;
    /// Boolean.
    pub const BOOL: i32 = 9;
}

/// Codes of the attribute types in `onnx.proto3`.
pub mod attribute {
    /// A float.
    pub const FLOAT: i32 = 1;
    /// An integer.
    pub const INT: i32 = 2;
    /// Text.
    pub const STRING: i32 = 3;
    /// A list of integers.
    pub const INTS: i32 = 7;
}

/// `ModelProto`: a graph with its format version, operator sets and metadata.
#[derive(Clone, PartialEq, Message)]
pub struct Model {
    /// Version of the format.
    #[prost(int64, tag = "1")]
    pub ir_version: i64,
    /// Program that wrote the model.
    #[prost(string, tag = "2")]
    pub producer_name: String,
    /// Version of that program.
    #[prost(string, tag = "3")]
    pub producer_version: String,
    /// The graph.
    #[prost(message, optional, tag = "7")]
    pub graph: Option<Graph>,
    /// Operator sets in use.
    #[prost(message, repeated, tag = "8")]
    pub opset_import: Vec<OperatorSet>,
    /// Free-form metadata.
    #[prost(message, repeated, tag = "14")]
    pub metadata_props: Vec<Entry>,
    /// Model-local functions; declared to be refused.
    #[prost(bytes = "vec", repeated, tag = "25")]
    pub functions: Vec<Vec<u8>>,
}

/// `OperatorSetIdProto`.
#[derive(Clone, PartialEq, Message)]
pub struct OperatorSet {
    /// Empty for the standard operators.
    #[prost(string, tag = "1")]
    pub domain: String,
    /// Version of the set.
    #[prost(int64, tag = "2")]
    pub version: i64,
}

/// `StringStringEntryProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Entry {
    /// Name.
    #[prost(string, tag = "1")]
    pub key: String,
    /// Content.
    #[prost(string, tag = "2")]
    pub value: String,
}

/// `GraphProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Graph {
    /// Nodes in topological order.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<Node>,
    /// Name of the graph.
    #[prost(string, tag = "2")]
    pub name: String,
    /// Constant tensors.
    #[prost(message, repeated, tag = "5")]
    pub initializer: Vec<Tensor>,
    /// Inputs.
    #[prost(message, repeated, tag = "11")]
    pub input: Vec<ValueInfo>,
    /// Outputs.
    #[prost(message, repeated, tag = "12")]
    pub output: Vec<ValueInfo>,
    /// Sparse constants; declared to be refused.
    #[prost(bytes = "vec", repeated, tag = "15")]
    pub sparse_initializer: Vec<Vec<u8>>,
}

/// `NodeProto`: one operator call.
#[derive(Clone, PartialEq, Message)]
pub struct Node {
    /// Names of the values it reads.
    #[prost(string, repeated, tag = "1")]
    pub input: Vec<String>,
    /// Names of the values it computes.
    #[prost(string, repeated, tag = "2")]
    pub output: Vec<String>,
    /// Name of the node.
    #[prost(string, tag = "3")]
    pub name: String,
    /// Operator.
    #[prost(string, tag = "4")]
    pub op_type: String,
    /// Attributes.
    #[prost(message, repeated, tag = "5")]
    pub attribute: Vec<Attribute>,
    /// Empty for the standard operators.
    #[prost(string, tag = "7")]
    pub domain: String,
}

/// `AttributeProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Attribute {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Value of a float attribute.
    #[prost(float, tag = "2")]
    pub f: f32,
    /// Value of an integer attribute.
    #[prost(int64, tag = "3")]
    pub i: i64,
    /// Value of a text attribute.
    #[prost(bytes = "vec", tag = "4")]
    pub s: Vec<u8>,
    /// Value of an attribute that is a list of integers.
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub ints: Vec<i64>,
    /// Type of the attribute: a constant of [`attribute`].
    #[prost(int32, tag = "20")]
    pub r#type: i32,
}

/// `TensorProto`: a constant.
#[derive(Clone, PartialEq, Message)]
pub struct Tensor {
    /// Shape.
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub dims: Vec<i64>,
    /// Element type: a constant of [`element`].
    #[prost(int32, tag = "2")]
    pub data_type: i32,
    /// Name.
    #[prost(string, tag = "8")]
    pub name: String,
    /// Elements, row-major, little-endian.
    #[prost(bytes = "vec", tag = "9")]
    pub raw_data: Vec<u8>,
    /// Location of elements in another file; declared to be refused.
    #[prost(message, repeated, tag = "13")]
    pub external_data: Vec<Entry>,
    /// 0 if the elements are in this message, 1 if they are in another file.
    #[prost(int32, tag = "14")]
    pub data_location: i32,
}

/// `ValueInfoProto`: the name and type of a port.
#[derive(Clone, PartialEq, Message)]
pub struct ValueInfo {
    /// Name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Type.
    #[prost(message, optional, tag = "2")]
    pub r#type: Option<Type>,
}

/// `TypeProto`, limited to tensors.
#[derive(Clone, PartialEq, Message)]
pub struct Type {
    /// Type of a tensor.
    #[prost(message, optional, tag = "1")]
    pub tensor_type: Option<TensorType>,
}

/// `TypeProto.Tensor`.
#[derive(Clone, PartialEq, Message)]
pub struct TensorType {
    /// Element type: a constant of [`element`].
    #[prost(int32, tag = "1")]
    pub elem_type: i32,
    /// Shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
}

/// `TensorShapeProto`.
#[derive(Clone, PartialEq, Message)]
pub struct Shape {
    /// Dimensions; the first is the batch.
    #[prost(message, repeated, tag = "1")]
    pub dim: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension`.
#[derive(Clone, PartialEq, Message)]
pub struct Dimension {
    /// A fixed size or a symbol.
    #[prost(oneof = "DimensionValue", tags = "1, 2")]
    pub value: Option<DimensionValue>,
}

/// The two forms of a dimension.
#[derive(Clone, PartialEq, prost::Oneof)]
pub enum DimensionValue {
    /// A fixed size.
    #[prost(int64, tag = "1")]
    Size(i64),
    /// A symbolic size.
    #[prost(string, tag = "2")]
    Symbol(String),
}

impl Tensor {
    /// Creates a constant of 32-bit floats.
    pub fn floats(name: impl Into<String>, dims: &[usize], values: &[f32]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, element::FLOAT, raw_data)
    }

    /// Creates a constant of 64-bit integers.
    pub fn integers(name: impl Into<String>, dims: &[usize], values: &[i64]) -> Self {
        let raw_data = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Self::raw(name, dims, element::INT64, raw_data)
    }

    fn raw(name: impl Into<String>, dims: &[usize], data_type: i32, raw_data: Vec<u8>) -> Self {
        let dims = dims.iter().map(|&size| size as i64).collect();
        Tensor { name: name.into(), dims, data_type, raw_data, ..Tensor::default() }
    }
}
