//! The error of the best constant reconstruction of each cell.

use narrows_bundle::Scaling;
use narrows_data::{DataError, Values};

use super::super::statistics::{Statistics, scale};
use crate::{
    network::{CellOrder, builder::LOG_VARIANCE_RANGE},
    numeric::{CellDistribution, CellErrors, CellUnit},
};

/// Number of steps of the estimate of the scale of a Student-t distribution. Each reads all rows; the error falls by
/// about half in a step.
const STEPS: usize = 8;

/// Returns the error of the best constant reconstruction of each cell, without weights: of the mean of a number or a
/// count, of the median of a number with heavy tails, and of the frequencies of the levels. In nats, widths are the
/// best constant ones, too.
pub(super) fn baselines(
    errors: &CellErrors,
    order: &CellOrder,
    statistics: &Statistics,
    (values, rows, scaling): (&Values, &[usize], &Scaling),
) -> Result<Vec<f64>, DataError> {
    let numeric = CellErrors { terms: errors.terms[..order.numeric()].to_vec(), unit: errors.unit };
    let constants: Vec<f32> = numeric
        .terms
        .iter()
        .map(|term| match term.distribution {
            CellDistribution::StudentT { .. } => statistics.median(term.cell),
            CellDistribution::Poisson(rate) | CellDistribution::NegativeBinomial(rate) => {
                (statistics.moments(term.cell).0.ln() as f32).max(LOG_VARIANCE_RANGE.low) / rate.deviation
                    - rate.mean / rate.deviation
            }
            CellDistribution::Gaussian | CellDistribution::Categorical { .. } => statistics.moments(term.cell).0 as f32,
        })
        .collect();
    let mut parameters = vec![0f32; order.cells()];
    for term in &numeric.terms {
        let (mean, variance) = statistics.moments(term.cell);
        let value = match term.distribution {
            CellDistribution::NegativeBinomial(_) => (variance - mean) / (mean * mean),
            CellDistribution::Gaussian
            | CellDistribution::StudentT { .. }
            | CellDistribution::Poisson(_)
            | CellDistribution::Categorical { .. } => variance,
        };
        parameters[term.cell] = (value.ln() as f32).clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high);
    }
    let mut scaled = vec![0f32; order.cells()];
    let heavy: Vec<(usize, f32, f64)> = numeric
        .terms
        .iter()
        .zip(&constants)
        .filter_map(|(term, &constant)| match term.distribution {
            CellDistribution::StudentT { degrees } => Some((term.cell, constant, f64::from(degrees))),
            CellDistribution::Gaussian
            | CellDistribution::Poisson(_)
            | CellDistribution::NegativeBinomial(_)
            | CellDistribution::Categorical { .. } => None,
        })
        .collect();
    if errors.unit == CellUnit::Nats && !heavy.is_empty() {
        for _ in 0..STEPS {
            let mut sums = vec![(0.0, 0u64); heavy.len()];
            values.visit(rows.iter().copied(), |_, row| {
                scale(row.floats(), scaling, &mut scaled);
                for ((sum, count), &(cell, constant, degrees)) in sums.iter_mut().zip(&heavy) {
                    let square = f64::from(scaled[cell] - constant).powi(2);
                    if !square.is_nan() {
                        // The fixed point of expectation maximisation (Lange et al. 1989, section 3).
                        *sum += (degrees + 1.0) * square / (degrees + square / f64::from(parameters[cell]).exp());
                        *count += 1;
                    }
                }
            })?;
            for ((sum, count), (cell, _, _)) in sums.into_iter().zip(&heavy) {
                let square = (sum / count.max(1) as f64).ln() as f32;
                parameters[*cell] = square.clamp(LOG_VARIANCE_RANGE.low, LOG_VARIANCE_RANGE.high);
            }
        }
    }
    let mut sums = vec![(0.0, 0u64); order.cells()];
    let (mut residual, mut slopes) = (vec![0f32; constants.len()], vec![0f32; order.cells()]);
    if !numeric.terms.is_empty() {
        values.visit(rows.iter().copied(), |_, row| {
            scale(row.floats(), scaling, &mut scaled);
            numeric.of_row((&constants, &scaled, &parameters), 1.0, &mut residual, &mut slopes, |cell, error| {
                sums[cell].0 += error;
                sums[cell].1 += 1;
            });
        })?;
    }
    let mut baselines: Vec<f64> = sums.into_iter().map(|(sum, count)| sum / count.max(1) as f64).collect();
    order.categories.iter().for_each(|category| baselines[category.cell] = statistics.entropy(category.cell));
    Ok(baselines)
}
