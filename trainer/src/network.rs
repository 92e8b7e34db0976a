//! Networks as data: a [`Graph`] that Candle, the ONNX writer and the summary read.
//!
//! Each layer is defined once, so the trained and the exported network cannot differ.

pub(crate) mod builder;
mod convolutions;
mod fold;
mod graph;
mod kernel;
mod layers;
mod operation;
mod parameter;
mod ports;
mod primitive;
mod summary;
mod weights;

pub use convolutions::Convolutions;
pub use fold::fold_scaling;
pub(crate) use graph::Node;
pub use graph::{Graph, GraphError, Value};
pub(crate) use kernel::{BackwardContext, Kernel, KernelInput, Orientation, ParameterRows, Split};
pub(crate) use operation::InputKind;
pub(crate) use parameter::ParameterSpec;
pub use ports::{with_decoder_ports, with_encoder_ports};
pub use primitive::*;
pub use summary::summary;
pub use weights::Weights;
