//! The interface to ONNX Runtime; the only folder that uses `ort`.

mod cuda_libraries;
mod environment;
mod frame;
mod free_memory;
mod output_set;
mod profile;
mod providers;
mod reason;
mod session;
mod settings;
mod shared_weights;
mod shutdown;

pub(crate) use environment::start;
pub(crate) use frame::Frame;
pub(crate) use output_set::OutputSet;
pub(crate) use providers::providers;
pub(crate) use session::{Graph, Memory, Session};
