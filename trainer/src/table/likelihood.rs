//! The distributions of the cells of a mixed table given the code, their weights in the loss, and what is trained of
//! them.

mod baseline;

use candle_core::{Device, Result, Tensor};
use narrows_bundle::{CellLikelihood, Distribution, SMALLEST_PROBABILITY, Scaling};
use narrows_data::{
    DataError, Values,
    table::{Cell, CellKind},
};

use super::statistics::Statistics;
use crate::{
    candle::{Kernels, Parameters, cell_loss},
    network::{CellOrder, Weights, builder::LOG_VARIANCE_RANGE},
    numeric::{CellDistribution, CellErrors, CellTerm, CellUnit, Reduction},
    variance::Variance,
};
use baseline::baselines;

/// Name of the trained parameter, which has one value for each cell.
const PARAMETER: &str = "likelihood.scaled_log_parameters";

/// Factor between the parameter and the logarithm of a variance or a dispersion, as for a learned variance of all
/// features (`learned_variance.rs`), which says why it falls slowly.
const SCALE: f64 = 2.0;

/// The degrees of freedom of a Student-t distribution, as Lange et al. (1989) propose for robust regression. A value
/// ten scales away pulls less than a value three scales away.
const DEGREES: f32 = 4.0;

/// The smallest baseline of a category, in nats. A category that is nearly constant has a baseline near 0, and without
/// a limit the loss of a few rows with its rare levels would outweigh all other columns. The limit is between the
/// entropies of categories with two levels in the proportions 4:1 and 5:1.
const SMALLEST_BASELINE: f64 = 0.5;

/// The baseline below which a column counts as constant: the rounding error of 32-bit floats is below it.
const CONSTANT: f64 = 1e-12;

/// The distributions of the cells of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CellLikelihoods {
    /// The errors of the cells, in the order of the network, with their weights.
    pub(crate) errors: CellErrors,
    /// The error of the best constant reconstruction of each cell, in the order of the cells.
    baselines: Vec<f64>,
    /// The probability of a level that is not in the vocabulary, by cell.
    unseen: Vec<f64>,
    /// What the parameter of each cell is.
    parameters: Vec<Parameter>,
}

/// The parameter of a cell: the logarithm of a variance, a squared scale or a dispersion.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Parameter {
    Fixed(f32),
    /// Trained, from this initial value.
    Trained(f32),
}

impl CellLikelihoods {
    /// Chooses the distribution of every cell, and its weight: the inverse of the error of the best constant
    /// reconstruction, so that all columns count alike; 1 if the loss is a likelihood.
    /// `variance` is that of the numbers of a likelihood, and `None` for another loss.
    pub(crate) fn of(
        variance: Option<Variance>,
        (cells, order): (&[Cell], &CellOrder),
        statistics: &Statistics,
        rows: (&Values, &[usize], &Scaling),
    ) -> std::result::Result<Self, DataError> {
        let unit = if variance.is_some() { CellUnit::Nats } else { CellUnit::Errors };
        let mut terms = Vec::with_capacity(cells.len());
        let mut parameters = vec![Parameter::Fixed(0.0); cells.len()];
        for (logit, &cell) in order.numbers.iter().chain(&order.counts).enumerate() {
            let (distribution, parameter) = chosen(cells[cell].kind, cell, unit, variance, statistics);
            parameters[cell] = parameter;
            terms.push(CellTerm { cell, logit, distribution, weight: 1.0 });
        }
        for (category, logit) in order.category_logits() {
            let distribution = CellDistribution::Categorical { levels: category.levels };
            terms.push(CellTerm { cell: category.cell, logit, distribution, weight: 1.0 });
        }
        let mut errors = CellErrors { terms, unit };
        let baselines = baselines(&errors, order, statistics, rows)?;
        if unit == CellUnit::Errors {
            errors.terms.iter_mut().for_each(|term| term.weight = weight(term.distribution, baselines[term.cell]));
        }
        let unseen = (0..cells.len()).map(|cell| statistics.unseen(cell).max(SMALLEST_PROBABILITY)).collect();
        Ok(CellLikelihoods { errors, baselines, unseen, parameters })
    }

    /// Returns the error of the best constant reconstruction of each cell, in the unit of the loss without weights.
    pub(crate) fn baselines(&self) -> &[f64] {
        &self.baselines
    }

    /// Adds the trained parameters, if there are any. Call it once, after the weights are initialised.
    pub(crate) fn add_parameters(&self, parameters: &mut Parameters, device: &Device) -> Result<()> {
        if !self.is_trained() {
            return Ok(());
        }
        let initial = self.parameters.iter().map(|parameter| match parameter {
            Parameter::Trained(log) => log / SCALE as f32,
            Parameter::Fixed(_) => 0.0,
        });
        parameters.insert(PARAMETER, &Tensor::from_iter(initial, device)?)
    }

    /// Returns the weighted errors of the cells of `[rows, cells]` targets given `[rows, logits]`.
    pub(crate) fn loss(
        &self,
        kernels: Kernels,
        logits: &Tensor,
        targets: &Tensor,
        parameters: &Parameters,
        reduction: Reduction,
    ) -> Result<Tensor> {
        cell_loss(kernels, &self.errors, logits, targets, &self.logs(parameters)?, reduction)
    }

    /// Returns the parameter of every cell, `[cells]`. A trained one is clamped to the same range as the log-variances
    /// of the encoder, so that the loss cannot overflow.
    pub(crate) fn logs(&self, parameters: &Parameters) -> Result<Tensor> {
        let fixed = self.parameters.iter().map(|parameter| match parameter {
            Parameter::Fixed(log) => *log,
            Parameter::Trained(_) => 0.0,
        });
        let fixed = Tensor::from_iter(fixed, parameters.placement().device())?;
        if !self.is_trained() {
            return Ok(fixed);
        }
        let is_trained = self.parameters.iter().map(|parameter| f32::from(u8::from(parameter.is_trained())));
        let is_trained = Tensor::from_iter(is_trained, parameters.placement().device())?;
        let trained = (parameters.tensor(PARAMETER)? * SCALE)?;
        (trained.clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high)? * is_trained)? + fixed
    }

    /// Returns the distributions of a fitted model for its manifest, in the order of the cells.
    pub(crate) fn fitted(&self, weights: &Weights) -> Vec<CellLikelihood> {
        let trained = weights.get(PARAMETER);
        let log = |cell: usize| match self.parameters[cell] {
            Parameter::Fixed(log) => log,
            Parameter::Trained(initial) => {
                let value = trained.and_then(|values| values.iter().nth(cell).copied());
                let log = value.map_or(initial, |value| SCALE as f32 * value);
                log.clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high)
            }
        };
        let of_term = |term: &CellTerm| {
            let value = f64::from(log(term.cell)).exp();
            let distribution = match term.distribution {
                CellDistribution::Gaussian => Distribution::Gaussian { variance: value },
                CellDistribution::StudentT { degrees } => {
                    Distribution::StudentT { degrees: f64::from(degrees), scale: value.sqrt() }
                }
                CellDistribution::Poisson(_) => Distribution::Poisson,
                CellDistribution::NegativeBinomial(_) => Distribution::NegativeBinomial { dispersion: value },
                CellDistribution::Categorical { .. } => Distribution::Categorical { unseen: self.unseen[term.cell] },
            };
            let baseline = self.baselines[term.cell];
            (term.cell, CellLikelihood { distribution, weight: f64::from(term.weight), baseline })
        };
        let mut all: Vec<(usize, CellLikelihood)> = self.errors.terms.iter().map(of_term).collect();
        all.sort_by_key(|(cell, _)| *cell);
        all.into_iter().map(|(_, likelihood)| likelihood).collect()
    }

    fn is_trained(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.is_trained())
    }
}

impl Parameter {
    fn is_trained(self) -> bool {
        matches!(self, Parameter::Trained(_))
    }
}

/// Returns the distribution of a number or a count, and its parameter. A count has a negative binomial distribution if
/// the variance of the training rows exceeds their mean, otherwise a Poisson distribution.
fn chosen(
    kind: CellKind,
    cell: usize,
    unit: CellUnit,
    variance: Option<Variance>,
    statistics: &Statistics,
) -> (CellDistribution, Parameter) {
    let trained = |log: f32| match unit {
        CellUnit::Nats => Parameter::Trained(log),
        CellUnit::Errors => Parameter::Fixed(log),
    };
    match kind {
        CellKind::Number => {
            let parameter = match variance {
                Some(Variance::Fixed(variance)) => Parameter::Fixed(variance.ln() as f32),
                Some(Variance::Learned) | None => trained(0.0),
            };
            (CellDistribution::Gaussian, parameter)
        }
        CellKind::HeavyTailed => (CellDistribution::StudentT { degrees: DEGREES }, trained(0.0)),
        CellKind::Count => {
            let (mean, variance) = statistics.moments(cell);
            let rate = statistics.rate(cell);
            match variance > mean && mean > 0.0 {
                false => (CellDistribution::Poisson(rate), Parameter::Fixed(0.0)),
                true => {
                    let dispersion = ((variance - mean) / (mean * mean)).ln() as f32;
                    let (low, high) = (LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high);
                    (CellDistribution::NegativeBinomial(rate), trained(dispersion.clamp(low, high)))
                }
            }
        }
        CellKind::Category { levels, .. } => (CellDistribution::Categorical { levels }, Parameter::Fixed(0.0)),
    }
}

/// Returns the weight of a cell with this baseline.
fn weight(distribution: CellDistribution, baseline: f64) -> f32 {
    let smallest = match distribution {
        CellDistribution::Categorical { .. } => SMALLEST_BASELINE,
        CellDistribution::Gaussian
        | CellDistribution::StudentT { .. }
        | CellDistribution::Poisson(_)
        | CellDistribution::NegativeBinomial(_) => CONSTANT,
    };
    if baseline < CONSTANT { 1.0 } else { baseline.max(smallest).recip() as f32 }
}
