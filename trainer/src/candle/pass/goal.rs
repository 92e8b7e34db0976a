//! What a pass ends in beside the graph's outputs.

use candle_core::Tensor;

use crate::numeric::{PointLoss, Reduction};

/// What a pass ends in beside the graph's outputs: their loss.
pub(in crate::candle) struct Goal {
    pub(in crate::candle) loss: PointLoss,
    /// `[batch, features]`, as wide as the only output.
    pub(in crate::candle) targets: Tensor,
    pub(in crate::candle) reduction: Reduction,
}
