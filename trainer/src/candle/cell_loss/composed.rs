//! The errors of the cells of a mixed table, composed from Candle's operations in `f64`: the reference for the fused
//! operation.

use std::f64::consts::PI;

use candle_core::{DType, Result, Tensor};

use crate::numeric::{CellDistribution, CellErrors, CellTerm, CellUnit, LOG_RATE_RANGE, LogRate, Reduction, ln_gamma};

/// The loss of [`cell_loss`](super::cell_loss).
///
/// # Errors
/// If Candle returns an error.
pub(super) fn cell_loss_composed(
    errors: &CellErrors,
    logits: &Tensor,
    targets: &Tensor,
    parameters: &Tensor,
    reduction: Reduction,
) -> Result<Tensor> {
    let [logits, targets, parameters] = [logits, targets, parameters].map(|tensor| tensor.to_dtype(DType::F64));
    let (logits, targets, parameters) = (logits?, targets?.detach(), parameters?);
    let parameters = match errors.unit {
        CellUnit::Nats => parameters,
        // The dispersion of a count is fixed.
        CellUnit::Errors => parameters.detach(),
    };
    let rows = logits.dim(0)?;
    let mut sum = Tensor::zeros(rows, DType::F64, logits.device())?;
    for term in &errors.terms {
        let of_cell = Cell {
            logits: logits.narrow(1, term.logit, term.distribution.logits())?,
            targets: targets.narrow(1, term.cell, 1)?.contiguous()?.flatten_all()?,
            parameter: parameters.narrow(0, term.cell, 1)?,
        };
        sum = (sum + (of_cell.errors(term, errors.unit)? * f64::from(term.weight))?)?;
    }
    let losses = match reduction {
        Reduction::Mean => (sum.sum_all()? / rows.max(1) as f64)?,
        Reduction::Rows => sum,
    };
    losses.to_dtype(DType::F32)
}

/// The tensors of a cell.
struct Cell {
    /// `[rows, logits]`
    logits: Tensor,
    /// `[rows]`
    targets: Tensor,
    /// `[1]`
    parameter: Tensor,
}

impl Cell {
    /// Returns the error of every row, `[rows]`; 0 where the target has none.
    fn errors(&self, term: &CellTerm, unit: CellUnit) -> Result<Tensor> {
        // As `CellDistribution::has_error`, without reading the targets from their device.
        let is_there = match term.distribution {
            CellDistribution::Categorical { levels } => (self.targets.ge(1.0)? * self.targets.le(levels as f64)?)?,
            CellDistribution::Gaussian
            | CellDistribution::StudentT { .. }
            | CellDistribution::Poisson(_)
            | CellDistribution::NegativeBinomial(_) => self.targets.eq(&self.targets)?,
        };
        // A value for which every error and its derivative is finite, where the target has no error.
        let known = is_there.where_cond(&self.targets, &self.targets.ones_like()?)?;
        let errors = match term.distribution {
            CellDistribution::Gaussian => self.gaussian(unit, &known)?,
            CellDistribution::StudentT { degrees } => self.student_t(unit, f64::from(degrees), &known)?,
            CellDistribution::Poisson(rate) => self.poisson(unit, rate, &known)?,
            CellDistribution::NegativeBinomial(rate) => self.negative_binomial(unit, rate, &known)?,
            CellDistribution::Categorical { .. } => self.cross_entropy(&known)?,
        };
        is_there.where_cond(&errors, &errors.zeros_like()?)
    }

    fn residual(&self, targets: &Tensor) -> Result<Tensor> {
        self.logits.squeeze(1)? - targets
    }

    fn gaussian(&self, unit: CellUnit, targets: &Tensor) -> Result<Tensor> {
        let square = self.residual(targets)?.sqr()?;
        match unit {
            CellUnit::Errors => Ok(square),
            CellUnit::Nats => {
                let scaled = square.broadcast_mul(&self.parameter.neg()?.exp()?)?;
                (scaled.broadcast_add(&self.parameter)? + (2.0 * PI).ln())? * 0.5
            }
        }
    }

    fn student_t(&self, unit: CellUnit, degrees: f64, targets: &Tensor) -> Result<Tensor> {
        let square = (self.residual(targets)?.sqr()? / degrees)?;
        match unit {
            CellUnit::Errors => (square + 1.0)?.log()? * (degrees + 1.0),
            CellUnit::Nats => {
                let scaled = square.broadcast_mul(&self.parameter.neg()?.exp()?)?;
                let constant = ln_gamma(0.5 * degrees) - ln_gamma(0.5 * (degrees + 1.0)) + 0.5 * (degrees * PI).ln();
                let log = ((scaled + 1.0)?.log()? * (0.5 * (degrees + 1.0)))?;
                log.broadcast_add(&((&self.parameter * 0.5)? + constant)?)
            }
        }
    }

    fn log_mean(&self, rate: LogRate) -> Result<Tensor> {
        let (low, high) = LOG_RATE_RANGE;
        let log = self.logits.squeeze(1)?.affine(f64::from(rate.deviation), f64::from(rate.mean))?;
        log.clamp(f64::from(low), f64::from(high))
    }

    fn poisson(&self, unit: CellUnit, rate: LogRate, targets: &Tensor) -> Result<Tensor> {
        let log_mean = self.log_mean(rate)?;
        let x = targets.maximum(0.0)?;
        let constant = match unit {
            CellUnit::Nats => ln_gamma_composed(&(x + 1.0)?)?,
            CellUnit::Errors => (x_ln_x(&x)? - x)?,
        };
        let error = ((log_mean.exp()? - (targets * &log_mean)?)? + constant)?;
        match unit {
            CellUnit::Nats => Ok(error),
            CellUnit::Errors => error * 2.0,
        }
    }

    fn negative_binomial(&self, unit: CellUnit, rate: LogRate, targets: &Tensor) -> Result<Tensor> {
        let log_mean = self.log_mean(rate)?;
        let dispersion = self.parameter.exp()?.broadcast_as(targets.shape())?;
        let size = dispersion.recip()?;
        let sum = (targets + &size)?;
        let log = ((&dispersion * log_mean.exp()?)? + 1.0)?.log()?;
        match unit {
            CellUnit::Nats => {
                let constant = ln_gamma_composed(&(targets.maximum(0.0)? + 1.0)?)?;
                let gammas = (ln_gamma_composed(&size)? - ln_gamma_composed(&sum)?)?;
                let log_product = log_mean.broadcast_add(&self.parameter)?;
                ((constant + gammas)? + (sum * log)?)? - (targets * log_product)?
            }
            CellUnit::Errors => {
                let ratio = (x_ln_x(&targets.maximum(0.0)?)? - (targets * log_mean)?)?;
                let saturated = ((&dispersion * targets)? + 1.0)?.log()?;
                (ratio - (sum * (saturated - log)?)?)? * 2.0
            }
        }
    }

    fn cross_entropy(&self, targets: &Tensor) -> Result<Tensor> {
        let levels = (targets - 1.0)?.to_dtype(DType::U32)?.unsqueeze(1)?;
        let logits = self.logits.contiguous()?;
        logits.log_sum_exp(1)? - logits.gather(&levels, 1)?.squeeze(1)?
    }
}

/// Returns `x ln x` of numbers of at least 0.
fn x_ln_x(x: &Tensor) -> Result<Tensor> {
    x * x.maximum(f64::MIN_POSITIVE)?.log()?
}

/// `ln Gamma(x)` as in [`ln_gamma`], always after ten steps of the recurrence.
fn ln_gamma_composed(x: &Tensor) -> Result<Tensor> {
    let mut logs = x.zeros_like()?;
    for step in 0..10 {
        logs = (logs + (x + f64::from(step))?.log()?)?;
    }
    let x = (x + 10.0)?;
    let (inverse, square) = (x.recip()?, x.sqr()?.recip()?);
    let series = square.affine(1.0 / 1680.0, -1.0 / 1260.0)?;
    let series = ((series * &square)? + 1.0 / 360.0)?;
    let series = ((series * &square)? - 1.0 / 12.0)?;
    let stirling = (((&x - 0.5)? * x.log()?)? - &x)?;
    (((stirling + 0.5 * (2.0 * PI).ln())? - (series * inverse)?)?) - logs
}
