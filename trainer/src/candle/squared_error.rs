//! Squared error from logits, the output link included, in one pass.

use candle_core::{D, Result, Tensor};
use narrows_bundle::Link;

use super::{kernels::Kernels, point_loss};
use crate::numeric::PointLoss;

/// Squared distance of `targets` from the means that `link` makes of `logits`, both `[batch, features]`: summed
/// over features, averaged over the batch; a scalar. There is no gradient with respect to the targets.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn squared_error(kernels: Kernels, link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.fuse(&[logits, targets]) {
        point_loss::mean(PointLoss::SquaredError(link), logits, targets)
    } else {
        squared_error_composed(link, logits, targets)
    }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn squared_error_composed(link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    each_composed(link, logits, targets)?.sum_all()? / targets.dim(0)?.max(1) as f64
}

/// What [`squared_error`] averages: the squared distance of every row, `[batch]`.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn squared_error_rows(kernels: Kernels, link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.fuse(&[logits, targets]) {
        point_loss::rows(PointLoss::SquaredError(link), logits, targets)
    } else {
        squared_error_rows_composed(link, logits, targets)
    }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn squared_error_rows_composed(link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    each_composed(link, logits, targets)?.sum(D::Minus1)
}

fn each_composed(link: Link, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let means = match link {
        Link::Identity => logits.clone(),
        Link::Sigmoid => candle_nn::ops::sigmoid(logits)?,
    };
    (means - targets)?.sqr()
}
