//! Binary cross-entropy with logits, computed in one pass.

use candle_core::{D, Result, Tensor};

use super::{kernels::Kernels, on_device, point_loss};
use crate::numeric::PointLoss;

/// Returns the negative log-likelihood of `targets` in `[0, 1]` under independent Bernoulli distributions with the
/// given `logits`, both `[batch, features]`. The result is a scalar in nats, summed over features and averaged over
/// the batch.
///
/// It is computed as `max(l, 0) - l t + ln(1 + exp(-|l|))`, which does not overflow for any logit. There is no gradient
/// with respect to the targets.
///
/// # Errors
/// If the shapes differ.
pub fn bernoulli_loss(kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[logits, targets]) {
        point_loss::mean(PointLoss::Bernoulli, logits, targets)
    } else {
        mean(&elements(kernels, logits, targets)?)
    }
}

/// The same function, composed from Candle's operations.
///
/// # Errors
/// If the shapes differ.
#[cfg(test)]
pub(crate) fn bernoulli_loss_composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    mean(&elements_composed(logits, targets)?)
}

/// Returns losses `[batch, features]`, summed over features and averaged over the batch.
fn mean(losses: &Tensor) -> Result<Tensor> {
    losses.sum_all()? / losses.dim(0)?.max(1) as f64
}

/// Returns the loss of each row in nats, `[batch]`: [`bernoulli_loss`] before averaging.
///
/// # Errors
/// If the shapes differ.
pub(crate) fn bernoulli_rows(kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if kernels.can_fuse(&[logits, targets]) {
        point_loss::rows(PointLoss::Bernoulli, logits, targets)
    } else {
        elements(kernels, logits, targets)?.sum(D::Minus1)
    }
}

fn elements(kernels: Kernels, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    match kernels {
        Kernels::FusedOnDevice => on_device::losses(PointLoss::Bernoulli, logits, targets),
        Kernels::Fused | Kernels::Composed => elements_composed(logits, targets),
    }
}

fn elements_composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let softplus = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    (logits.relu()? - (logits * targets)?)? + softplus
}
