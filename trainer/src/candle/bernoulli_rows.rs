//! Binary cross-entropy of each row, from logits, in one pass each way.

use candle_core::{CpuStorage, CustomOp2, D, Layout, Result, Shape, Tensor};

use super::bernoulli::{Residual, can_be_fused, row_losses, same_rows, values};

/// What [`bernoulli_loss`](super::bernoulli_loss) averages: nats of every row, `[batch]`, for logits and
/// targets `[batch, features]`.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_rows(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    if can_be_fused(logits, targets) {
        logits.apply_op2(targets, BernoulliRows)
    } else {
        bernoulli_rows_composed(logits, targets)
    }
}

/// The same from Candle's own operations.
///
/// # Errors
/// Those of Candle, for shapes that differ.
pub fn bernoulli_rows_composed(logits: &Tensor, targets: &Tensor) -> Result<Tensor> {
    let soft = (logits.abs()?.neg()?.exp()? + 1.0)?.log()?;
    ((logits.relu()? - (logits * targets)?)? + soft)?.sum(D::Minus1)
}

struct BernoulliRows;

impl CustomOp2 for BernoulliRows {
    fn name(&self) -> &'static str {
        "bernoulli-rows"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, features) = same_rows(logits_layout, targets_layout)?;
        let losses = row_losses(values(logits, logits_layout)?, values(targets, targets_layout)?, features);
        Ok((CpuStorage::F32(losses.iter().map(|&loss| loss as f32).collect()), Shape::from(rows)))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        targets: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let residual = logits.apply_op2_no_bwd(targets, &Residual { factors: gradient.to_vec1()? })?;
        Ok((Some(residual), None))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// The rows, and the gradient under a loss that tells them apart.
    fn rows_and_gradient(rows: fn(&Tensor, &Tensor) -> Result<Tensor>) -> Result<Vec<f32>> {
        let logits = Var::new(&[[-3.0f32, -0.5], [0.1, 4.0], [0.7, -8.0]], &Device::Cpu)?;
        let targets = Tensor::new(&[[0.25f32, 1.0], [0.0, 0.5], [1.0, 0.1]], &Device::Cpu)?;
        let rows = rows(&logits, &targets)?;
        let gradients = (&rows * Tensor::new(&[1f32, -2.0, 0.5], &Device::Cpu)?)?.sum_all()?.backward()?;
        let Some(gradient) = gradients.get(&logits) else { candle_core::bail!("no gradient") };
        Ok([rows.to_vec1()?, gradient.flatten_all()?.to_vec1()?].concat())
    }

    #[test]
    fn the_fused_rows_and_their_gradient_are_the_composed_ones() {
        let fused = rows_and_gradient(bernoulli_rows).expect("equal shapes");
        let composed = rows_and_gradient(bernoulli_rows_composed).expect("equal shapes");
        assert_eq!(fused.len(), 3 + 6);
        for (fused, composed) in fused.iter().zip(&composed) {
            assert!((fused - composed).abs() < 1e-5, "{fused} against {composed}");
        }
    }
}
