//! Converts a [`Graph`](crate::network::Graph) to an ONNX model.

mod call;
mod join;
mod model;

pub(crate) use call::Call;
pub(crate) use join::join;
pub use model::to_model;
pub(crate) use model::{model_of, value_info};
