//! What a decoded sample is worth beside the true one, in scaled units.

use std::{f64::consts::PI, ops::Range};

use narrows_bundle::{Likelihood, Manifest, Role};
use ndarray::{Array2, ArrayView1, ArrayViewD, Axis, Dimension, Slice};

use crate::{Error, Samples, samples::Values};

/// The least probability that a value is given: a graph's `f32` cannot tell smaller ones from none.
const LEAST_PROBABILITY: f64 = 1e-7;

/// The likelihood of a model, with the scaling under which it holds.
#[derive(Debug)]
pub(super) struct Measure {
    columns: Vec<Column>,
    likelihood: Likelihood,
    variance: f64,
    is_variational: bool,
}

/// The scaling of one feature.
#[derive(Debug, Clone, Copy)]
struct Column {
    offset: f32,
    scale: f32,
}

impl Measure {
    pub(super) fn of(manifest: &Manifest) -> Self {
        let scaling = &manifest.scaling;
        let pairs = scaling.offset.iter().cycle().zip(scaling.scale.iter().cycle());
        let columns = pairs.take(manifest.sample.features());
        Measure {
            columns: columns.map(|(&offset, &scale)| Column { offset, scale }).collect(),
            likelihood: manifest.likelihood,
            variance: manifest.variance.unwrap_or(1.0),
            is_variational: manifest.graphs.encoder.output(Role::LogVariance).is_some(),
        }
    }

    /// Refuses samples that the likelihood has no probability for, as training does.
    pub(super) fn check(&self, samples: &Samples<'_>) -> Result<(), Error> {
        match (self.likelihood, &samples.values) {
            (Likelihood::Gaussian, _) => Ok(()),
            (Likelihood::Bernoulli, Values::Floats(view)) => self.check_range(view),
            (Likelihood::Bernoulli, Values::Bytes(view)) => self.check_range(view),
        }
    }

    fn check_range<T: Copy + Into<f32>>(&self, view: &ArrayViewD<'_, T>) -> Result<(), Error> {
        for (row, values) in view.outer_iter().enumerate() {
            // In `f32`, as training scales: there the ends of the range are 0 and 1 exactly.
            let is_outside = |(&value, column): (&T, &Column)| {
                !(0.0..=1.0).contains(&((value.into() - column.offset) / column.scale))
            };
            let outside = values.iter().zip(&self.columns).position(is_outside);
            let place = outside.and_then(|at| values.indexed_iter().zip(&self.columns).nth(at));
            if let Some(((position, &value), &Column { offset, scale })) = place {
                let (low, high) = (offset.min(offset + scale), offset.max(offset + scale));
                return Err(Error::OutsideRange {
                    row,
                    position: position.slice().to_vec(),
                    value: value.into(),
                    low,
                    high,
                });
            }
        }
        Ok(())
    }

    /// These rows in scaled units, `[rows, features]`.
    pub(super) fn targets(&self, samples: &Samples<'_>, rows: Range<usize>) -> Array2<f64> {
        match &samples.values {
            Values::Floats(view) => self.scaled(view.slice_axis(Axis(0), Slice::from(rows))),
            Values::Bytes(view) => self.scaled(view.slice_axis(Axis(0), Slice::from(rows))),
        }
    }

    fn scaled<T: Copy + Into<f32>>(&self, rows: ArrayViewD<'_, T>) -> Array2<f64> {
        let mut scaled = Array2::zeros((rows.len_of(Axis(0)), self.columns.len()));
        for (mut scaled, row) in scaled.outer_iter_mut().zip(rows.outer_iter()) {
            for ((scaled, &value), column) in scaled.iter_mut().zip(row.iter()).zip(&self.columns) {
                *scaled = column.scaled(value.into());
            }
        }
        scaled
    }

    /// `sum (x - x_hat)^2` of a target in scaled units and a decoded sample in the data's.
    pub(super) fn squared_error(&self, target: ArrayView1<'_, f64>, decoded: &ArrayViewD<'_, f32>) -> f64 {
        self.pairs(&target, decoded).map(|(target, mean)| (target - mean).powi(2)).sum()
    }

    /// What a model without a distribution over codes is trained by: cross-entropy or squared error; of
    /// one that has it, nats.
    pub(super) fn reconstruction(&self, target: ArrayView1<'_, f64>, decoded: &ArrayViewD<'_, f32>) -> f64 {
        match (self.likelihood, self.is_variational) {
            (Likelihood::Gaussian, false) => self.squared_error(target, decoded),
            (Likelihood::Gaussian, true) | (Likelihood::Bernoulli, _) => -self.log_likelihood(target, decoded),
        }
    }

    /// `ln p(x|z)` in nats.
    pub(super) fn log_likelihood(&self, target: ArrayView1<'_, f64>, decoded: &ArrayViewD<'_, f32>) -> f64 {
        match self.likelihood {
            Likelihood::Bernoulli => {
                let of_value = |(target, mean): (f64, f64)| {
                    let (target, p) = (target.clamp(0.0, 1.0), mean.clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY));
                    weighted_log(target, p) + weighted_log(1.0 - target, 1.0 - p)
                };
                self.pairs(&target, decoded).map(of_value).sum()
            }
            Likelihood::Gaussian => {
                let half = 0.5 * self.columns.len() as f64;
                let error = self.squared_error(target, decoded);
                -(error / (2.0 * self.variance) + half * (2.0 * PI * self.variance).ln())
            }
        }
    }

    fn pairs<'a>(
        &'a self,
        target: &'a ArrayView1<'_, f64>,
        decoded: &'a ArrayViewD<'_, f32>,
    ) -> impl Iterator<Item = (f64, f64)> + 'a {
        let means = decoded.iter().zip(&self.columns).map(|(&value, column)| column.scaled(value));
        target.iter().copied().zip(means)
    }
}

impl Column {
    /// In `f64`: where an offset is large, `f32` would lose what the scale is about to magnify.
    fn scaled(self, value: f32) -> f64 {
        (f64::from(value) - f64::from(self.offset)) / f64::from(self.scale)
    }
}

/// `weight * ln value`. Most pixels of most images are black or white, and half of their logarithms are
/// worth nothing.
fn weighted_log(weight: f64, value: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { weight * value.ln() }
}
