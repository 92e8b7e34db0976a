//! Writes a [`Graph`](crate::network::Graph) as an ONNX model.

mod call;
mod model;

pub use call::Call;
pub use model::{Metadata, to_model};
