//! The loss that a pass computes from the output of the graph.

use candle_core::Tensor;

use crate::numeric::{PointLoss, Reduction};

/// The loss that a pass computes from the output of the graph.
pub(in crate::candle) struct Objective {
    pub(in crate::candle) loss: PointLoss,
    /// `[batch, features]`, the shape of the graph's only output.
    pub(in crate::candle) targets: Tensor,
    pub(in crate::candle) reduction: Reduction,
}
