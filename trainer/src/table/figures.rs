//! How well the cells of a mixed table are reconstructed.

use candle_core::{Result, Tensor};
use narrows_data::table::CellKind;
use serde::{Deserialize, Serialize};

use super::model::Table;
use crate::numeric::{CellDistribution, CellTerm};

/// How well the cells of a mixed table are reconstructed from the code or its mean.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TableFigures {
    /// Cross-entropy per category cell, in nats; `None` without categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cross_entropy: Option<f64>,
    /// The share of category cells whose level is the decoded one; `None` without categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The figures of each cell of a row.
    pub cells: Vec<CellFigures>,
}

/// How well a cell is reconstructed, on average over the rows in which it is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CellFigures {
    /// The name of the cell.
    pub name: String,
    /// Its error in the unit of the loss, without its weight.
    pub error: f64,
    /// The error of the best constant reconstruction of the training rows, in the same unit.
    pub baseline: f64,
    /// Its share of the sum of all weighted errors, from 0 to 1. `None` if an error is negative, which the negative
    /// logarithm of a density can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// Sums over rows, from which the figures follow.
pub(crate) struct CellSums<'a> {
    table: &'a Table,
    /// The sum of the errors and the number of cells that are there, for each cell.
    errors: Vec<(f64, u64)>,
    /// The number of category cells whose level is the decoded one.
    hits: u64,
    /// The squared errors of numbers in scaled units, and their number.
    squares: (f64, u64),
}

impl<'a> CellSums<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        CellSums { table, errors: vec![(0.0, 0); table.cells.len()], hits: 0, squares: (0.0, 0) }
    }

    /// Adds rows: the logits of their codes, their scaled cells, and the parameters of the likelihoods.
    pub(crate) fn add(&mut self, logits: &Tensor, targets: &Tensor, parameters: &Tensor) -> Result<()> {
        let errors = &self.table.likelihoods.errors;
        let (width, cells) = (errors.logits().max(1), self.table.cells.len().max(1));
        let values = |tensor: &Tensor| tensor.flatten_all()?.to_vec1::<f32>();
        let (logits, targets, parameters) = (values(logits)?, values(targets)?, values(parameters)?);
        let (mut residual, mut slopes) = (vec![0f32; width], vec![0f32; cells]);
        for (logits, targets) in logits.chunks_exact(width).zip(targets.chunks_exact(cells)) {
            let sums = &mut self.errors;
            errors.of_row((logits, targets, &parameters), 1.0, &mut residual, &mut slopes, |cell, error| {
                sums[cell].0 += error;
                sums[cell].1 += 1;
            });
            for term in errors.terms.iter().filter(|term| term.distribution.has_error(targets[term.cell])) {
                let target = targets[term.cell];
                match term.distribution {
                    CellDistribution::Gaussian | CellDistribution::StudentT { .. } => {
                        self.squares.0 += f64::from(logits[term.logit] - target).powi(2);
                        self.squares.1 += 1;
                    }
                    CellDistribution::Categorical { levels } => {
                        let level = self.decoded(term.cell, &logits[term.logit..][..levels]);
                        self.hits += u64::from(level == target as usize);
                    }
                    CellDistribution::Poisson(_) | CellDistribution::NegativeBinomial(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Returns the level that the decoder returns for these logits, from 1.
    fn decoded(&self, cell: usize, logits: &[f32]) -> usize {
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        match self.table.cells[cell].kind {
            CellKind::Category { is_ordered: true, .. } => {
                let powers = logits.iter().map(|logit| f64::from(logit - largest).exp());
                let half = 0.5 * powers.clone().sum::<f64>();
                let sums = powers.scan(0.0, |sum, power| {
                    *sum += power;
                    Some(*sum)
                });
                1 + sums.take_while(|&sum| sum < half).count()
            }
            CellKind::Category { is_ordered: false, .. }
            | CellKind::Number
            | CellKind::HeavyTailed
            | CellKind::Count => 1 + logits.iter().position(|&logit| logit == largest).unwrap_or(0),
        }
    }

    /// Returns the mean squared error of the numbers that are there, in scaled units; 0 if there are none.
    pub(crate) fn mse(&self) -> f64 {
        self.squares.0 / self.squares.1.max(1) as f64
    }

    pub(crate) fn figures(&self) -> TableFigures {
        let mean = |(sum, count): (f64, u64)| sum / count.max(1) as f64;
        let likelihoods = &self.table.likelihoods;
        let figures = self.table.cells.iter().zip(&self.errors).zip(likelihoods.baselines());
        let figures = figures.map(|((cell, &errors), &baseline)| CellFigures {
            name: cell.name.clone(),
            error: mean(errors),
            baseline,
            share: None,
        });
        let mut cells: Vec<CellFigures> = figures.collect();
        let weighted = |term: &CellTerm| f64::from(term.weight) * self.errors[term.cell].0;
        let total: f64 = likelihoods.errors.terms.iter().map(weighted).sum();
        if total > 0.0 && likelihoods.errors.terms.iter().all(|term| weighted(term) >= 0.0) {
            for term in &likelihoods.errors.terms {
                cells[term.cell].share = Some(weighted(term) / total);
            }
        }
        let categories = &self.table.row.order.categories;
        let of_categories = categories.iter().fold((0.0, 0), |(sum, count), category| {
            let (error, cells) = self.errors[category.cell];
            (sum + error, count + cells)
        });
        let has_categories = of_categories.1 > 0;
        TableFigures {
            cross_entropy: has_categories.then(|| mean(of_categories)),
            accuracy: has_categories.then(|| self.hits as f64 / of_categories.1 as f64),
            cells,
        }
    }
}
