//! Element-wise losses as a custom operation of Candle.
//!
//! The derivative is computed together with the loss and saved for the backward computation.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use super::{
    floats::{read, values},
    reduction::reduced,
};
use crate::numeric::{PointLoss, Reduction, scaled_rows};

/// Returns the loss of logits and targets `[rows, features]`, summed over features and averaged over rows: a scalar.
pub(super) fn mean(point: PointLoss, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    apply(point, Reduction::Mean, logits, targets)
}

/// Returns the loss summed over features, `[rows]`.
pub(super) fn rows(point: PointLoss, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    apply(point, Reduction::Rows, logits, targets)
}

fn apply(point: PointLoss, reduction: Reduction, logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    logits.apply_op2(targets, Reduced { point, reduction, residual: OnceLock::new() })
}

struct Reduced {
    point: PointLoss,
    reduction: Reduction,
    /// The derivative for an incoming gradient of 1. It is a tensor, so that returning it does not copy the values.
    residual: OnceLock<Tensor>,
}

impl CustomOp2 for Reduced {
    fn name(&self) -> &'static str {
        "point-loss"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        if logits_layout.shape() != targets_layout.shape() {
            let (logits, targets) = (logits_layout.shape(), targets_layout.shape());
            candle_core::bail!("logits {logits:?} and targets {targets:?} differ in shape");
        }
        let (rows, features) = logits_layout.shape().dims2()?;
        let (logits, targets) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        let factor = self.reduction.weight(rows);
        let (mut losses, mut residual) = (vec![0f64; rows], vec![0f32; logits.len()]);
        self.point.of_all_rows(logits, targets, factor, &mut losses, &mut residual);
        if self.residual.set(Tensor::from_vec(residual, (rows, features), &Device::Cpu)?).is_err() {
            candle_core::bail!("forward was called twice on one loss");
        }
        Ok(reduced(self.reduction, &losses))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        _targets: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let Some(residual) = self.residual.get() else { candle_core::bail!("backward was called before forward") };
        let (rows, features) = logits.dims2()?;
        let factors = match self.reduction {
            Reduction::Mean => vec![gradient.to_scalar::<f32>()?; rows],
            Reduction::Rows => gradient.to_vec1::<f32>()?,
        };
        if factors.iter().all(|&factor| factor == 1.0) {
            return Ok((Some(residual.clone()), None));
        }
        let scaled = read(residual, |residual| scaled_rows(residual, &factors, features))?;
        Ok((Some(Tensor::from_vec(scaled, logits.shape(), &Device::Cpu)?), None))
    }
}
