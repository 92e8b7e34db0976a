//! The errors and log-likelihoods of the cells of a mixed table.

use std::f64::consts::PI;

use narrows_bundle::{CellLikelihood, Distribution, Manifest, SMALLEST_PROBABILITY, table::Layout};
use ndarray::{ArrayView1, ArrayViewD};

use super::scale::Scale;
use crate::ln_gamma::ln_gamma;

/// Lower bound of the mean of a count: a mean of 0 would make every other count impossible.
const MIN_MEAN: f64 = 1e-7;

/// The likelihoods of the cells of a row.
#[derive(Debug)]
pub(super) struct CellMeasures {
    cells: Vec<CellMeasure>,
    is_variational: bool,
}

/// The likelihood of a cell.
#[derive(Debug)]
struct CellMeasure {
    scale: Scale,
    distribution: Distribution,
    weight: f64,
    /// Where the probabilities of the levels of a category are among those of all categories.
    first_level: usize,
    /// The part of the log-likelihood that does not depend on the values, in nats.
    constant: f64,
}

/// A decoded row of a mixed table.
#[derive(Debug)]
pub(super) struct DecodedRow<'a> {
    /// The sample, or the cells of a row of a mixed table.
    pub(super) sample: ArrayViewD<'a, f32>,
    /// The probabilities of the levels of all categories.
    pub(super) probabilities: ArrayView1<'a, f32>,
}

impl CellMeasures {
    /// Returns the likelihoods of a mixed table; `None` for other models.
    pub(super) fn of(manifest: &Manifest, scales: &[Scale], is_variational: bool) -> Option<Self> {
        let cells = manifest.sample.cells()?;
        let categories = Layout::of(&cells).categories;
        let mut first_level = 0;
        let mut categories = categories.into_iter().peekable();
        let each = scales.iter().zip(manifest.cells.iter().flatten()).enumerate();
        let cells = each.map(|(cell, (&scale, &CellLikelihood { distribution, weight, baseline: _ }))| {
            let own = first_level;
            if let Some((_, levels)) = categories.next_if(|(category, _)| *category == cell) {
                first_level += levels;
            }
            CellMeasure { scale, distribution, weight, first_level: own, constant: constant_of(distribution) }
        });
        Some(CellMeasures { cells: cells.collect(), is_variational })
    }

    /// Computes `ln p(x|z)` in nats: the sum over the cells that are there.
    pub(super) fn log_likelihood(&self, target: ArrayView1<'_, f64>, decoded: &DecodedRow<'_>) -> f64 {
        let mut sum = 0.0;
        self.for_each(target, decoded, |_, cell, target, mean| {
            sum += cell.log_likelihood(target, mean, decoded.probabilities);
        });
        sum
    }

    /// Computes the squared error in scaled units over the numbers that are there.
    pub(super) fn squared_error(&self, target: ArrayView1<'_, f64>, decoded: &DecodedRow<'_>) -> f64 {
        let mut sum = 0.0;
        self.for_each(target, decoded, |_, cell, target, mean| match cell.distribution {
            Distribution::Gaussian { .. }
            | Distribution::StudentT { .. }
            | Distribution::Poisson
            | Distribution::NegativeBinomial { .. } => sum += (target - mean).powi(2),
            Distribution::Categorical { .. } => {}
        });
        sum
    }

    /// Calls a function with the position of each cell that is there and its error in the loss: the negative
    /// log-likelihood in nats for a variational model, otherwise the weighted error.
    pub(super) fn errors(
        &self,
        target: ArrayView1<'_, f64>,
        decoded: &DecodedRow<'_>,
        mut receive: impl FnMut(usize, f64),
    ) {
        self.for_each(target, decoded, |position, cell, target, mean| {
            let error = if self.is_variational {
                -cell.log_likelihood(target, mean, decoded.probabilities)
            } else {
                cell.weight * cell.error(target, mean, decoded.probabilities)
            };
            receive(position, error);
        });
    }

    /// Calls a function with the position of each cell that is there, its likelihood, its target and its decoded value,
    /// both in scaled units.
    fn for_each(
        &self,
        target: ArrayView1<'_, f64>,
        decoded: &DecodedRow<'_>,
        mut of_cell: impl FnMut(usize, &CellMeasure, f64, f64),
    ) {
        let pairs = target.into_iter().zip(&decoded.sample);
        for (position, (cell, (&target, &value))) in self.cells.iter().zip(pairs).enumerate() {
            if !target.is_nan() {
                of_cell(position, cell, target, cell.scale.scaled(value));
            }
        }
    }
}

impl CellMeasure {
    fn log_likelihood(&self, target: f64, mean: f64, probabilities: ArrayView1<'_, f32>) -> f64 {
        self.constant
            + match self.distribution {
                Distribution::Gaussian { variance } => -(target - mean).powi(2) / (2.0 * variance),
                Distribution::StudentT { degrees, scale } => {
                    -0.5 * (degrees + 1.0) * (((target - mean) / scale).powi(2) / degrees).ln_1p()
                }
                Distribution::Poisson => {
                    let mean = mean.max(MIN_MEAN);
                    target * mean.ln() - mean - ln_gamma(target + 1.0)
                }
                Distribution::NegativeBinomial { dispersion } => {
                    let (mean, size) = (mean.max(MIN_MEAN), dispersion.recip());
                    let binomial = ln_gamma(target + size) - ln_gamma(size) - ln_gamma(target + 1.0);
                    // r/(r + m) = 1/(1 + a m) and m/(r + m) = a m/(1 + a m) for the size r = 1/a.
                    let odds = dispersion * mean;
                    binomial - (size + target) * odds.ln_1p() + target * odds.ln()
                }
                Distribution::Categorical { unseen } => self.probability(target, unseen, probabilities).ln(),
            }
    }

    fn error(&self, target: f64, mean: f64, probabilities: ArrayView1<'_, f32>) -> f64 {
        match self.distribution {
            Distribution::Gaussian { .. } => (target - mean).powi(2),
            Distribution::StudentT { degrees, scale: _ } => {
                (degrees + 1.0) * ((target - mean).powi(2) / degrees).ln_1p()
            }
            Distribution::Poisson => {
                let mean = mean.max(MIN_MEAN);
                2.0 * (weighted_log(target, target / mean) - (target - mean))
            }
            Distribution::NegativeBinomial { dispersion } => {
                let mean = mean.max(MIN_MEAN);
                // (k + 1/a) ln((k + 1/a)/(m + 1/a)), with both sides of the quotient times a.
                let of_both =
                    (target + dispersion.recip()) * ((dispersion * target).ln_1p() - (dispersion * mean).ln_1p());
                2.0 * (weighted_log(target, target / mean) - of_both)
            }
            Distribution::Categorical { unseen } => -self.probability(target, unseen, probabilities).ln(),
        }
    }

    /// Returns the probability of a level, which counts from 1; 0 is an unseen level.
    fn probability(&self, level: f64, unseen: f64, probabilities: ArrayView1<'_, f32>) -> f64 {
        let position = (level as usize).checked_sub(1).map(|index| self.first_level + index);
        match position.and_then(|position| probabilities.get(position)) {
            // A probability of NaN stays NaN.
            Some(&probability) => f64::from(probability).clamp(SMALLEST_PROBABILITY, 1.0),
            None => unseen,
        }
    }
}

/// Returns the part of the log-likelihood that does not depend on the values.
fn constant_of(distribution: Distribution) -> f64 {
    match distribution {
        Distribution::Gaussian { variance } => -0.5 * (2.0 * PI * variance).ln(),
        Distribution::StudentT { degrees, scale } => {
            ln_gamma(0.5 * (degrees + 1.0)) - ln_gamma(0.5 * degrees) - 0.5 * (degrees * PI).ln() - scale.ln()
        }
        Distribution::Poisson | Distribution::NegativeBinomial { .. } | Distribution::Categorical { .. } => 0.0,
    }
}

/// Computes `weight * ln value`, which is 0 for the weight 0.
fn weighted_log(weight: f64, value: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { weight * value.ln() }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn measure(distribution: Distribution) -> CellMeasure {
        let scale = Scale { offset: 0.0, scale: 1.0 };
        CellMeasure { scale, distribution, weight: 1.0, first_level: 1, constant: constant_of(distribution) }
    }

    #[test]
    fn the_probabilities_of_all_counts_sum_to_one_and_have_the_mean_and_variance_of_the_distribution() {
        let cases = [
            (Distribution::Poisson, 3.5),
            (Distribution::NegativeBinomial { dispersion: 0.25 }, 3.5 + 0.25 * 3.5 * 3.5),
            (Distribution::NegativeBinomial { dispersion: 1e-6 }, 3.5 + 1e-6 * 3.5 * 3.5),
        ];
        for (distribution, variance) in cases {
            let cell = measure(distribution);
            let probability = |k: i32| cell.log_likelihood(f64::from(k), 3.5, array![].view()).exp();
            let moment = |power| (0..400).map(|k| f64::from(k).powi(power) * probability(k)).sum::<f64>();
            assert!((moment(0) - 1.0).abs() < 1e-8, "{distribution:?}: {}", moment(0));
            assert!((moment(1) - 3.5).abs() < 1e-7, "{distribution:?}: {}", moment(1));
            assert!((moment(2) - 3.5 * 3.5 - variance).abs() < 1e-6, "{distribution:?}: {}", moment(2));
        }
    }

    #[test]
    fn densities_integrate_to_one() {
        for distribution in
            [Distribution::Gaussian { variance: 0.3 }, Distribution::StudentT { degrees: 4.0, scale: 0.7 }]
        {
            let cell = measure(distribution);
            let density = |x: f64| cell.log_likelihood(x, 0.25, array![].view()).exp();
            let integral = (-400_000..400_000).map(|step| density(f64::from(step) * 1e-3) * 1e-3).sum::<f64>();
            // The tails of a Student-t distribution with 4 degrees beyond 400 have a mass of about 1e-10.
            assert!((integral - 1.0).abs() < 1e-8, "{distribution:?}: {integral}");
        }
        // From the closed form: 3/8 for 4 degrees of freedom at 0.
        let density =
            measure(Distribution::StudentT { degrees: 4.0, scale: 1.0 }).log_likelihood(0.0, 0.0, array![].view());
        assert!((density - 0.375_f64.ln()).abs() < 1e-13);
    }

    #[test]
    fn the_deviance_is_twice_the_difference_to_the_likelihood_of_a_perfect_mean() {
        let empty = array![];
        for distribution in [Distribution::Poisson, Distribution::NegativeBinomial { dispersion: 0.5 }] {
            let cell = measure(distribution);
            for (count, mean) in [(1.0, 4.0), (7.0, 0.5), (3.0, 3.0)] {
                let perfect = cell.log_likelihood(count, count, empty.view());
                let expected = 2.0 * (perfect - cell.log_likelihood(count, mean, empty.view()));
                let deviance = cell.error(count, mean, empty.view());
                assert!((deviance - expected).abs() < 1e-9, "{distribution:?} {count} {mean}: {deviance}, {expected}");
            }
        }
        assert!((measure(Distribution::Poisson).error(0.0, 2.0, empty.view()) - 4.0).abs() < 1e-12);
        // 2/a ln(1 + a m).
        let none = measure(Distribution::NegativeBinomial { dispersion: 0.5 }).error(0.0, 2.0, empty.view());
        assert!((none - 4.0 * 2.0_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_level_has_its_probability_and_an_unseen_one_that_of_the_training_rows() {
        let (cell, probabilities) = (measure(Distribution::Categorical { unseen: 0.25 }), array![0.1, 0.75, 0.0]);
        let of = |level| cell.log_likelihood(level, 1.0, probabilities.view());
        assert_eq!((of(1.0), cell.error(1.0, 1.0, probabilities.view())), (0.75_f64.ln(), -(0.75_f64.ln())));
        assert_eq!((of(0.0), of(2.0)), (0.25_f64.ln(), 1e-7_f64.ln()));
        assert!(cell.log_likelihood(1.0, 1.0, array![0.0, f32::NAN].view()).is_nan());
    }

    #[test]
    fn the_largest_counts_and_means_have_finite_errors() {
        for distribution in [Distribution::Poisson, Distribution::NegativeBinomial { dispersion: 1e4 }] {
            let cell = measure(distribution);
            for (count, mean) in [(0.0, 0.0), (1e7, 0.0), (0.0, 3e38), (1e7, 3e38)] {
                assert!(
                    cell.log_likelihood(count, mean, array![].view()).is_finite(),
                    "{distribution:?} {count} {mean}"
                );
                assert!(cell.error(count, mean, array![].view()).is_finite(), "{distribution:?} {count} {mean}");
            }
        }
    }
}
