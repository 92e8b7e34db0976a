//! The errors of the cells of a mixed table as a custom operation of Candle: loss and derivatives in one pass.

mod composed;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use composed::cell_loss_composed;

use super::{
    floats::{read, values},
    kernels::Kernels,
    reduction::reduced,
};
use crate::numeric::{CellErrors, CellResults, Reduction, scaled_rows};

/// Returns the weighted sum of the errors of the cells, averaged over the rows or of every row. `logits` is
/// `[rows, logits]`, `targets` `[rows, cells]`, and `parameters` `[cells]`. There is no gradient with respect to the
/// targets.
///
/// # Errors
/// If the shapes do not fit together.
pub(crate) fn cell_loss(
    kernels: Kernels,
    errors: &CellErrors,
    logits: &Tensor,
    targets: &Tensor,
    parameters: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    let (rows, width) = logits.dims2()?;
    let cells = errors.terms.len();
    if width != errors.logits() || targets.dims() != [rows, cells] || parameters.dims() != [cells] {
        candle_core::bail!(
            "expects {} logits, {cells} targets and {cells} parameters, got the shapes {:?}, {:?} and {:?}",
            errors.logits(),
            logits.dims(),
            targets.dims(),
            parameters.dims()
        );
    }
    if kernels.can_fuse(&[logits, targets, parameters]) {
        let op = CellLoss { errors: errors.clone(), reduction, derivatives: OnceLock::new() };
        logits.apply_op3(targets, parameters, op)
    } else {
        cell_loss_composed(errors, logits, targets, parameters, reduction)
    }
}

struct CellLoss {
    errors: CellErrors,
    reduction: Reduction,
    /// The derivatives for an incoming gradient of 1, `[rows, logits]` and `[rows, cells]`.
    derivatives: OnceLock<[Tensor; 2]>,
}

impl CustomOp3 for CellLoss {
    fn name(&self) -> &'static str {
        "cell-loss"
    }

    fn cpu_fwd(
        &self,
        logits: &CpuStorage,
        logits_layout: &Layout,
        targets: &CpuStorage,
        targets_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (logits, targets) = (values(logits, logits_layout)?, values(targets, targets_layout)?);
        let parameters = values(parameters, parameters_layout)?;
        let rows = logits_layout.dims()[0];
        let (mut losses, mut residual) = (vec![0f64; rows], vec![0f32; logits.len()]);
        let mut slopes = vec![0f32; targets.len()];
        let mut results = CellResults { losses: &mut losses, residual: &mut residual, slopes: &mut slopes };
        self.errors.of_all_rows(logits, targets, parameters, self.reduction.weight(rows), &mut results);
        let residual = Tensor::from_vec(residual, logits_layout.shape(), &Device::Cpu)?;
        let slopes = Tensor::from_vec(slopes, targets_layout.shape(), &Device::Cpu)?;
        if self.derivatives.set([residual, slopes]).is_err() {
            candle_core::bail!("forward was called twice on one loss");
        }
        Ok(reduced(self.reduction, &losses))
    }

    fn bwd(
        &self,
        logits: &Tensor,
        _targets: &Tensor,
        parameters: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some([residual, slopes]) = self.derivatives.get() else {
            candle_core::bail!("backward was called before forward")
        };
        let (rows, width) = logits.dims2()?;
        let factors = match self.reduction {
            Reduction::Mean => vec![gradient.to_scalar::<f32>()?; rows],
            Reduction::Rows => gradient.to_vec1::<f32>()?,
        };
        let by_parameters = parameters
            .track_op()
            .then(|| Tensor::from_vec(sums(slopes, &factors)?, parameters.shape(), &Device::Cpu))
            .transpose()?;
        if factors.iter().all(|&factor| factor == 1.0) {
            return Ok((Some(residual.clone()), None, by_parameters));
        }
        let scaled = read(residual, |residual| scaled_rows(residual, &factors, width))?;
        Ok((Some(Tensor::from_vec(scaled, logits.shape(), &Device::Cpu)?), None, by_parameters))
    }
}

/// Returns the sums of the rows of `[rows, cells]`, each multiplied by its factor, in the order of the rows.
fn sums(slopes: &Tensor, factors: &[f32]) -> Result<Vec<f32>> {
    let cells = slopes.dim(1)?;
    read(slopes, |slopes| {
        let mut sums = vec![0f64; cells];
        for (row, &factor) in slopes.chunks_exact(cells.max(1)).zip(factors) {
            sums.iter_mut().zip(row).for_each(|(sum, &slope)| *sum += f64::from(factor) * f64::from(slope));
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    })
}
