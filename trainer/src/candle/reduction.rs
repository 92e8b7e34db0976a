//! The reduced losses of the rows as a tensor.

use candle_core::{CpuStorage, Shape};

use crate::numeric::Reduction;

/// Reduces the losses to the storage and shape of a tensor: a scalar, or `[batch]`.
pub(super) fn reduced(reduction: Reduction, losses: &[f64]) -> (CpuStorage, Shape) {
    let shape = match reduction {
        Reduction::Mean => Shape::from(()),
        Reduction::Rows => Shape::from(losses.len()),
    };
    (CpuStorage::F32(reduction.reduce(losses)), shape)
}
