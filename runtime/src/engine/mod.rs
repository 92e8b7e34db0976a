//! The interface to ONNX Runtime; the only folder that uses `ort`.

mod environment;
mod frame;
mod profile;
mod providers;
mod reason;
mod session;
mod shutdown;

pub(crate) use environment::start;
pub(crate) use frame::Frame;
pub(crate) use providers::providers;
pub(crate) use session::{Graph, Memory, Session};
