//! Squared error of logits, including the output link, computed in one pass.

use candle_core::{D, Result, Tensor};
use narrows_bundle::Link;

use super::{kernels::Kernels, on_device, point_loss};
use crate::numeric::PointLoss;

/// Returns the squared error of the means `link(logits)` with respect to `targets`, both `[batch, features]`. The
/// result is a scalar, summed over features and averaged over the batch. There is no gradient with respect to the
/// targets.
///
/// # Errors
/// If the shapes differ.
pub fn squared_error(kernels: Kernels, link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[logits, targets]) {
        point_loss::mean(PointLoss::SquaredError(link), logits, targets)
    } else {
        elements(kernels, link, logits, targets)?.sum_all()? / targets.dim(0)?.max(1) as f64
    }
}

/// The same function, composed from Candle's operations.
///
/// # Errors
/// If the shapes differ.
#[cfg(test)]
pub(crate) fn squared_error_composed(link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    elements_composed(link, logits, targets)?.sum_all()? / targets.dim(0)?.max(1) as f64
}

/// Returns the squared error of each row, `[batch]`: [`squared_error`] before averaging.
///
/// # Errors
/// If the shapes differ.
pub(crate) fn squared_error_rows(kernels: Kernels, link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[logits, targets]) {
        point_loss::rows(PointLoss::SquaredError(link), logits, targets)
    } else {
        elements(kernels, link, logits, targets)?.sum(D::Minus1)
    }
}

fn elements(kernels: Kernels, link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    match kernels {
        Kernels::FusedOnDevice => on_device::losses(PointLoss::SquaredError(link), logits, targets),
        Kernels::Fused | Kernels::Composed => elements_composed(link, logits, targets),
    }
}

fn elements_composed(link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let means = match link {
        Link::Identity => logits.clone(),
        Link::Sigmoid => candle_nn::ops::sigmoid(logits)?,
    };
    (means - targets)?.sqr()
}
