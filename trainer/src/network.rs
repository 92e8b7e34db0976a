//! Networks as data: a [`Graph`] that Candle, the ONNX writer and the summary read.
//!
//! Each layer is defined once, so the trained and the exported network cannot differ.

pub(crate) mod builder;
mod cell_order;
mod channels;
mod convolutions;
mod fold;
mod graph;
mod kernel;
mod layers;
mod normalisation;
mod operation;
mod parameter;
mod ports;
mod primitive;
mod sample_map;
mod summary;
mod weights;

pub use cell_order::CellOrder;
pub use convolutions::Convolutions;
pub use fold::folded;
pub(crate) use graph::Node;
pub use graph::{Graph, GraphError, Value};
pub(crate) use kernel::{BackwardContext, Kernel, KernelInput, Orientation, ParameterRows, Split};
pub use normalisation::Normalisation;
pub(crate) use operation::InputKind;
pub(crate) use parameter::{ParameterSpec, Role};
pub use ports::{with_decoder_ports, with_encoder_ports};
pub(crate) use ports::{with_table_decoder_ports, with_table_encoder_ports, with_table_row};
pub use primitive::*;
pub use sample_map::{Order, SampleMap};
pub use summary::summary;
pub use weights::Weights;
