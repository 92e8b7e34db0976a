//! The losses of rows as a tensor.

use candle_core::{CpuStorage, Shape};

use crate::numeric::Reduction;

/// What the reduction makes of the losses, for a tensor: a scalar, or `[batch]`.
pub(super) fn reduced(reduction: Reduction, losses: &[f64]) -> (CpuStorage, Shape) {
    let shape = match reduction {
        Reduction::Mean => Shape::from(()),
        Reduction::Rows => Shape::from(losses.len()),
    };
    (CpuStorage::F32(reduction.of(losses)), shape)
}
