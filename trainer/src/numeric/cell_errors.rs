//! The errors of the cells of rows of a mixed table, with their derivatives, in one pass over the logits.
//!
//! A target that is missing (NaN), or a category with an unseen level (0), has no error and no gradient.

use std::f64::consts::PI;

use super::{
    elementary::exp,
    gamma::{digamma, ln_gamma},
    parallel::{parallel_for_each, rows_per_chunk},
    vectorized::vectorized,
};

/// The smallest and the largest logarithm of the mean of a count. `exp(30)` is about 1e13, far above any count.
pub(crate) const LOG_RATE_RANGE: (f32, f32) = (-30.0, 30.0);

/// Approximate number of floating point operations per logit.
const WORK: usize = 60;

/// The unit of the logit of a count: the logarithm of its mean is `mean + deviation * logit`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRate {
    /// The mean of `ln(1 + x)` over the training rows.
    pub mean: f32,
    /// The standard deviation of `ln(1 + x)` over the training rows, or 1 if it is 0.
    pub deviation: f32,
}

/// The distribution of a cell given its logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CellDistribution {
    /// A normal distribution around the logit. The parameter is the logarithm of its variance.
    Gaussian,
    /// A Student-t distribution around the logit. The parameter is the logarithm of its squared scale.
    StudentT { degrees: f32 },
    /// A Poisson distribution; it has no parameter.
    Poisson(LogRate),
    /// A negative binomial distribution with variance `m + dispersion m^2`. The parameter is the logarithm of the
    /// dispersion.
    NegativeBinomial(LogRate),
    /// A categorical distribution with one logit per level; it has no parameter.
    Categorical { levels: usize },
}

/// A cell of a row with its logits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CellTerm {
    /// The position of the target in a row.
    pub(crate) cell: usize,
    /// The position of the first logit.
    pub(crate) logit: usize,
    pub(crate) distribution: CellDistribution,
    /// The factor of the error.
    pub(crate) weight: f32,
}

/// What the error of a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellUnit {
    /// The negative log-likelihood in nats.
    Nats,
    /// The error that does not depend on a width: the squared error, `(degrees + 1) ln(1 + residual^2 / degrees)`, the
    /// deviance, or the cross-entropy.
    Errors,
}

/// The cells of a row, and the unit of their errors.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CellErrors {
    pub(crate) terms: Vec<CellTerm>,
    pub(crate) unit: CellUnit,
}

/// What the error of a cell is, and its derivatives.
struct CellError {
    error: f64,
    /// With respect to the only logit; the derivatives of a category are written directly.
    by_logit: f32,
    /// With respect to the parameter.
    by_parameter: f64,
}

/// The results for a number of rows, one row after the other.
pub(crate) struct CellResults<'a> {
    /// The sum of the weighted errors of each row.
    pub(crate) losses: &'a mut [f64],
    /// The derivatives with respect to the logits.
    pub(crate) residual: &'a mut [f32],
    /// The derivatives with respect to the parameters, `[rows, cells]`.
    pub(crate) slopes: &'a mut [f32],
}

impl CellErrors {
    /// Returns the number of logits of a row.
    pub(crate) fn logits(&self) -> usize {
        self.terms.iter().map(|term| term.distribution.logits()).sum()
    }

    /// Computes the errors of all rows, on several cores. `parameters` has one value for each cell; the derivatives are
    /// multiplied by `factor`.
    pub(crate) fn of_all_rows(
        &self,
        logits: &[f32],
        targets: &[f32],
        parameters: &[f32],
        factor: f32,
        results: &mut CellResults<'_>,
    ) {
        let (width, cells) = (self.logits().max(1), self.terms.len().max(1));
        assert!(
            logits.len() == results.losses.len() * width
                && targets.len() == results.losses.len() * cells
                && logits.len() == results.residual.len()
                && targets.len() == results.slopes.len()
                && parameters.len() == cells,
            "one logit per level or number, one target per cell, and a derivative for each"
        );
        let chunk = rows_per_chunk(width);
        let inputs = logits.chunks(chunk * width).zip(targets.chunks(chunk * cells));
        let losses = results.losses.chunks_mut(chunk).zip(results.residual.chunks_mut(chunk * width));
        let outputs = losses.zip(results.slopes.chunks_mut(chunk * cells));
        parallel_for_each(
            chunk * width * WORK,
            inputs.zip(outputs).collect(),
            |((logits, targets), ((losses, residual), slopes))| {
                let rows = logits.chunks_exact(width).zip(targets.chunks_exact(cells));
                let results =
                    losses.iter_mut().zip(residual.chunks_exact_mut(width)).zip(slopes.chunks_exact_mut(cells));
                vectorized(
                    #[inline(always)]
                    || {
                        for ((logits, targets), ((loss, residual), slopes)) in rows.zip(results) {
                            *loss = self.of_row((logits, targets, parameters), factor, residual, slopes, |_, _| {});
                        }
                    },
                );
            },
        );
    }

    /// Computes the errors of one row and returns their weighted sum. `each` receives the position of every cell that
    /// is there, and its error without the weight.
    #[inline(always)]
    pub(crate) fn of_row(
        &self,
        (logits, targets, parameters): (&[f32], &[f32], &[f32]),
        factor: f32,
        residual: &mut [f32],
        slopes: &mut [f32],
        mut each: impl FnMut(usize, f64),
    ) -> f64 {
        let mut loss = 0.0;
        for term in &self.terms {
            let place = term.logit..term.logit + term.distribution.logits();
            let (logits, residual) = (&logits[place.clone()], &mut residual[place]);
            let (target, factor) = (targets[term.cell], factor * term.weight);
            slopes[term.cell] = 0.0;
            if !term.distribution.has_error(target) {
                residual.fill(0.0);
                continue;
            }
            let of_cell = match term.distribution {
                CellDistribution::Categorical { .. } => {
                    let error = cross_entropy(logits, target as usize - 1, factor, residual);
                    each(term.cell, error);
                    loss += f64::from(term.weight) * error;
                    continue;
                }
                CellDistribution::Gaussian => gaussian(self.unit, logits[0] - target, parameters[term.cell]),
                CellDistribution::StudentT { degrees } => {
                    student_t(self.unit, degrees, logits[0] - target, parameters[term.cell])
                }
                CellDistribution::Poisson(rate) => poisson(self.unit, rate, logits[0], target),
                CellDistribution::NegativeBinomial(rate) => {
                    negative_binomial(self.unit, rate, logits[0], target, parameters[term.cell])
                }
            };
            residual[0] = factor * of_cell.by_logit;
            slopes[term.cell] = factor * of_cell.by_parameter as f32;
            each(term.cell, of_cell.error);
            loss += f64::from(term.weight) * of_cell.error;
        }
        loss
    }
}

impl CellDistribution {
    /// Returns the number of logits.
    pub(crate) fn logits(self) -> usize {
        match self {
            CellDistribution::Categorical { levels } => levels,
            CellDistribution::Gaussian
            | CellDistribution::StudentT { .. }
            | CellDistribution::Poisson(_)
            | CellDistribution::NegativeBinomial(_) => 1,
        }
    }

    /// Returns whether a target has an error: it is there, and its level is in the vocabulary.
    #[inline(always)]
    pub(crate) fn has_error(self, target: f32) -> bool {
        match self {
            CellDistribution::Categorical { levels } => target >= 1.0 && target <= levels as f32,
            CellDistribution::Gaussian
            | CellDistribution::StudentT { .. }
            | CellDistribution::Poisson(_)
            | CellDistribution::NegativeBinomial(_) => !target.is_nan(),
        }
    }
}

/// Returns `-ln softmax(logits)[target]` and writes `factor` times its derivative, `softmax(logits)` minus 1 at the
/// target. Subtracting the largest logit first keeps every exponential finite.
#[inline(always)]
fn cross_entropy(logits: &[f32], target: usize, factor: f32, residual: &mut [f32]) -> f64 {
    let mut largest = f32::NEG_INFINITY;
    for &logit in logits {
        largest = if logit > largest { logit } else { largest };
    }
    for (residual, &logit) in residual.iter_mut().zip(logits) {
        *residual = exp(logit - largest);
    }
    let mut sum = 0f64;
    for &power in &*residual {
        sum += f64::from(power);
    }
    let scale = factor / sum as f32;
    for residual in residual.iter_mut() {
        *residual *= scale;
    }
    residual[target] -= factor;
    sum.ln() + f64::from(largest) - f64::from(logits[target])
}

/// The negative log-density of a normal distribution, or the squared residual.
#[inline(always)]
fn gaussian(unit: CellUnit, residual: f32, log_variance: f32) -> CellError {
    let square = f64::from(residual) * f64::from(residual);
    match unit {
        CellUnit::Errors => CellError { error: square, by_logit: 2.0 * residual, by_parameter: 0.0 },
        CellUnit::Nats => {
            let precision = exp(-log_variance);
            let scaled = square * f64::from(precision);
            CellError {
                error: 0.5 * (scaled + f64::from(log_variance) + (2.0 * PI).ln()),
                by_logit: residual * precision,
                by_parameter: 0.5 * (1.0 - scaled),
            }
        }
    }
}

/// The negative log-density of a Student-t distribution, or `(degrees + 1) ln(1 + residual^2 / degrees)`.
#[inline(always)]
fn student_t(unit: CellUnit, degrees: f32, residual: f32, log_square: f32) -> CellError {
    let (nu, r) = (f64::from(degrees), f64::from(residual));
    let scale = match unit {
        CellUnit::Errors => 1.0,
        CellUnit::Nats => f64::from(exp(log_square)),
    };
    let log = (nu + 1.0) * (r * r / (nu * scale)).ln_1p();
    let pull = (nu + 1.0) / (nu * scale + r * r);
    match unit {
        CellUnit::Errors => CellError { error: log, by_logit: (2.0 * pull * r) as f32, by_parameter: 0.0 },
        CellUnit::Nats => {
            let constant = ln_gamma(0.5 * nu) - ln_gamma(0.5 * (nu + 1.0)) + 0.5 * (nu * PI).ln();
            CellError {
                error: constant + 0.5 * f64::from(log_square) + 0.5 * log,
                by_logit: (pull * r) as f32,
                by_parameter: 0.5 * (1.0 - pull * r * r),
            }
        }
    }
}

/// Returns the logarithm of the mean, its clamped value, and the mean itself.
#[inline(always)]
fn mean(rate: LogRate, logit: f32) -> (f64, f64) {
    let log = rate.mean + rate.deviation * logit;
    let (low, high) = LOG_RATE_RANGE;
    let log = if log < low { low } else { log };
    let log = if log > high { high } else { log };
    (f64::from(log), f64::from(exp(log)))
}

/// Returns whether the logarithm of the mean is inside the range to which it is clamped.
#[inline(always)]
fn is_inside(rate: LogRate, logit: f32) -> bool {
    let (low, high) = LOG_RATE_RANGE;
    (low..=high).contains(&(rate.mean + rate.deviation * logit))
}

/// The negative log-likelihood of a Poisson distribution, or its deviance, `2 (x ln(x / m) - x + m)`.
#[inline(always)]
fn poisson(unit: CellUnit, rate: LogRate, logit: f32, target: f32) -> CellError {
    let (log_mean, mean) = mean(rate, logit);
    let x = f64::from(target).max(0.0);
    let slope = if is_inside(rate, logit) { f64::from(rate.deviation) * (mean - x) } else { 0.0 };
    match unit {
        CellUnit::Nats => {
            CellError { error: mean - x * log_mean + ln_gamma(x + 1.0), by_logit: slope as f32, by_parameter: 0.0 }
        }
        CellUnit::Errors => {
            let log = if x > 0.0 { x * (x.ln() - log_mean) } else { 0.0 };
            CellError { error: 2.0 * (log - x + mean), by_logit: (2.0 * slope) as f32, by_parameter: 0.0 }
        }
    }
}

/// The negative log-likelihood of a negative binomial distribution (Hilbe 2011, equation 8.6), or its deviance,
/// `2 (x ln(x / m) - (x + 1/d) ln((1 + d x) / (1 + d m)))` with the dispersion `d`.
#[inline(always)]
fn negative_binomial(unit: CellUnit, rate: LogRate, logit: f32, target: f32, log_dispersion: f32) -> CellError {
    let (log_mean, mean) = mean(rate, logit);
    let x = f64::from(target).max(0.0);
    let dispersion = f64::from(exp(log_dispersion));
    let (size, log) = (dispersion.recip(), (dispersion * mean).ln_1p());
    let pull = (mean - x) / (1.0 + dispersion * mean);
    let slope = if is_inside(rate, logit) { f64::from(rate.deviation) * pull } else { 0.0 };
    match unit {
        CellUnit::Nats => {
            let constant = ln_gamma(x + 1.0) - (ln_gamma(x + size) - ln_gamma(size));
            let error = constant + (x + size) * log - x * (f64::from(log_dispersion) + log_mean);
            let by_parameter = size * (digamma(x + size) - digamma(size) - log) + pull;
            CellError { error, by_logit: slope as f32, by_parameter }
        }
        CellUnit::Errors => {
            let ratio = if x > 0.0 { x * (x.ln() - log_mean) } else { 0.0 };
            let error = 2.0 * (ratio - (x + size) * ((dispersion * x).ln_1p() - log));
            CellError { error, by_logit: (2.0 * slope) as f32, by_parameter: 0.0 }
        }
    }
}
