//! Networks as data: one [`Graph`], read by Candle, by the ONNX writer and by the summary.
//!
//! No layer is described twice, so what is trained and what is exported cannot drift apart.

mod fold;
mod graph;
mod kernel;
pub mod mlp;
mod operation;
mod parameter;
mod ports;
mod primitive;
mod summary;
mod weights;

pub use fold::fold_scaling;
pub use graph::{Graph, GraphError, Input, Node, Value};
pub use kernel::{At, Held, Kernel, KernelInput, ParameterRows, exactly};
pub use operation::{Operation, Reads};
pub use parameter::{Initial, ParameterSpec};
pub use ports::{with_decoder_ports, with_encoder_ports};
pub use primitive::*;
pub use summary::summary;
pub use weights::Weights;

pub use crate::onnx::Call;
