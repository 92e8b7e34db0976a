//! Binary cross-entropy from logits, in one pass each way.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// Negative log-likelihood of `targets` in `[0, 1]` under independent Bernoulli distributions with the
/// given `logits`, both `[batch, features]`: nats, summed over features, averaged over the batch; a
/// scalar.
///
/// Computed as `max(l, 0) - l t + ln(1 + exp(-|l|))`, which no logit makes overflow. There is no gradient
/// with respect to the targets.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_loss(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if can_be_fused(logits, targets) {
        logits.apply_op2(targets, BernoulliLoss)
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
    let soft = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    let each = ((logits.relu()? - (logits * targets)?)? + soft)?;
    each.sum_all()? / rows
}

/// Whether the kernels here can take these tensors.
pub(super) fn can_be_fused(logits: &Tensor, targets: &Tensor) -> bool {
    logits.device().is_cpu()
        && logits.dtype() == DType::F32
        && [logits, targets].iter().all(|tensor| tensor.is_contiguous())
}

struct BernoulliLoss;

/// The values of a contiguous tensor.
pub(super) fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match (storage, layout.contiguous_offsets()) {
        (CpuStorage::F32(values), Some((start, end))) => Ok(&values[start..end]),
        _ => candle_core::bail!("the Bernoulli loss takes contiguous 32-bit floats"),
    }
}

pub(super) fn same_rows(logits: &Layout, targets: &Layout) -> Result<(usize, usize)> {
    if logits.shape() != targets.shape() {
        candle_core::bail!("logits {:?} and targets {:?} differ in shape", logits.shape(), targets.shape());
    }
    logits.shape().dims2()
}

/// The loss of each row, summed over `features`.
pub(super) fn row_losses(logits: &[f32], targets: &[f32], features: usize) -> Vec<f64> {
    let row_loss = |(logits, targets): (&[f32], &[f32])| -> f64 {
        let each = logits
            .iter()
            .zip(targets)
            .map(|(&logit, &target)| f64::from(logit.max(0.0) - logit * target + (-logit.abs()).exp().ln_1p()));
        each.sum()
    };
    let width = features.max(1);
    logits.par_chunks(width).zip(targets.par_chunks(width)).map(row_loss).collect()
}

impl CustomOp2 for BernoulliLoss {
    fn name(&self) -> &'static str {
        "bernoulli-loss"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, features) = same_rows(logits_layout, targets_layout)?;
        let (logits, targets) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        // Each row is summed on its own and the rows in order: the same bits on any number of cores.
        let loss = row_losses(logits, targets, features).iter().sum::<f64>() / rows.max(1) as f64;
        Ok((CpuStorage::F32(vec![loss as f32]), Shape::from(())))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let factor = gradient.to_scalar::<f32>()? / logits.dim(0)?.max(1) as f32;
        let residual = logits.apply_op2_no_bwd(targets, &Residual { factors: vec![factor; logits.dim(0)?] })?;
        Ok((Some(residual), None))
    }
}

/// `factor * (sigmoid(logits) - targets)` with a factor a row, the derivative of the loss.
pub(super) struct Residual {
    pub(super) factors: Vec<f32>,
}

impl CustomOp2 for Residual {
    fn name(&self) -> &'static str {
        "bernoulli-residual"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, features) = same_rows(logits_layout, targets_layout)?;
        let (logits, targets) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        let mut residual = vec![0f32; logits.len()];
        let width = features.max(1);
        let rows = residual.par_chunks_mut(width).zip(logits.par_chunks(width)).zip(targets.par_chunks(width));
        rows.zip(&self.factors).for_each(|(((residual, logits), targets), factor)| {
            for ((residual, &logit), &target) in residual.iter_mut().zip(logits).zip(targets) {
                *residual = factor * (1.0 / (1.0 + (-logit).exp()) - target);
            }
        });
        Ok((CpuStorage::F32(residual), logits_layout.shape().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    fn loss_and_gradient(loss: fn(&Tensor, &Tensor) -> Result<Tensor>, logits: &[f32]) -> (f32, Vec<f32>) {
        let logits = Var::from_slice(logits, (2, logits.len() / 2), &Device::Cpu).expect("a variable");
        let targets = Tensor::full(0.25f32, logits.shape(), &Device::Cpu).expect("targets");
        let loss = loss(&logits, &targets).expect("equal shapes");
        let gradients = loss.backward().expect("differentiable");
        let gradient = gradients.get(&logits).expect("a gradient").flatten_all().expect("contiguous");
        (loss.to_scalar().expect("a scalar"), gradient.to_vec1().expect("floats"))
    }

    #[test]
    fn the_fused_loss_and_its_gradient_are_the_composed_ones() {
        let logits = [-3.0, -0.5, 0.1, 4.0, 0.7, -8.0];
        let (fused, fused_gradient) = loss_and_gradient(bernoulli_loss, &logits);
        let (composed, composed_gradient) = loss_and_gradient(bernoulli_loss_composed, &logits);
        assert!((fused - composed).abs() < 1e-5, "{fused} against {composed}");
        for (fused, composed) in fused_gradient.iter().zip(&composed_gradient) {
            assert!((fused - composed).abs() < 1e-6, "{fused} against {composed}");
        }
    }

    #[test]
    fn saturated_logits_give_finite_losses_and_gradients() {
        let (loss, gradient) = loss_and_gradient(bernoulli_loss, &[1e4, -1e4, 88.0, -88.0]);
        assert!(loss.is_finite() && gradient.iter().all(|value| value.is_finite()), "{loss} {gradient:?}");
        assert!((loss - (7500.0 + 2500.0 + 66.0 + 22.0) / 2.0).abs() < 0.01, "{loss}");
    }
}
