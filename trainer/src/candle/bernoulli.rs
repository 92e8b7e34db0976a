//! Binary cross-entropy from logits, in one pass.

use candle_core::{D, Result, Tensor};

use super::{kernels::Kernels, point_loss};
use crate::numeric::PointLoss;

/// Negative log-likelihood of `targets` in `[0, 1]` under independent Bernoulli distributions with the
/// given `logits`, both `[batch, features]`: nats, summed over features, averaged over the batch; a
/// scalar.
///
/// Computed as `max(l, 0) - l t + ln(1 + exp(-|l|))`, which no logit makes overflow. There is no gradient
/// with respect to the targets.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_loss(kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.fuse(&[logits, targets]) {
        point_loss::mean(PointLoss::Bernoulli, logits, targets)
    } else {
        bernoulli_loss_composed(logits, targets)
    }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_loss_composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let rows = logits.dim(0)?.max(1) as f64;
    each_composed(logits, targets)?.sum_all()? / rows
}

/// What [`bernoulli_loss`] averages: nats of every row, `[batch]`.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_rows(kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.fuse(&[logits, targets]) {
        point_loss::rows(PointLoss::Bernoulli, logits, targets)
    } else {
        bernoulli_rows_composed(logits, targets)
    }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_rows_composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    each_composed(logits, targets)?.sum(D::Minus1)
}

fn each_composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let soft = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (logits.relu()? - (logits * targets)?)? + soft
}
