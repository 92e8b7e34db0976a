//! ONNX Runtime: the only folder that names `ort`.

mod ending;
mod environment;
mod frame;
mod profile;
mod providers;
mod reason;
mod session;

pub(crate) use environment::start;
pub(crate) use frame::Frame;
pub(crate) use providers::providers;
pub(crate) use session::{Graph, Session};
