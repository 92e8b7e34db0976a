//! Writes a [`Graph`](crate::network::Graph) as an ONNX model.

mod call;
mod join;
mod model;

pub use call::Call;
pub use join::join;
pub use model::{Metadata, to_model};
