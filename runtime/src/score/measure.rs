//! Losses and likelihoods of a decoded sample compared with its target, in scaled units.

use std::{f64::consts::PI, ops::Range};

use narrows_bundle::{Likelihood, Manifest, Role, table::CellKind};
use ndarray::{Array2, ArrayView1, ArrayViewD, Axis, Dimension, Slice};

use super::{
    cells::{CellMeasures, DecodedRow},
    scale::Scale,
};
use crate::{Error, Samples, bounds::Bounds, samples::Values};

/// Lower bound of a Bernoulli probability: the `f32` output of a graph does not resolve smaller ones near 1.
const MIN_PROBABILITY: f64 = 1e-7;

/// The likelihood of a model, and the scaling of the samples.
#[derive(Debug)]
pub(super) struct Measure {
    columns: Vec<Scale>,
    likelihood: Likelihood,
    /// The likelihoods of the cells of a mixed table.
    cells: Option<CellMeasures>,
    variance: f64,
    is_variational: bool,
}

impl Measure {
    pub(super) fn of(manifest: &Manifest) -> Self {
        let scaling = &manifest.scaling;
        let pairs = scaling.offset.iter().cycle().zip(scaling.scale.iter().cycle());
        let pairs = pairs.take(manifest.sample.features());
        let mut columns: Vec<Scale> = pairs.map(|(&offset, &scale)| Scale { offset, scale }).collect();
        for (column, cell) in columns.iter_mut().zip(manifest.sample.cells().iter().flatten()) {
            match cell.kind {
                CellKind::Number | CellKind::HeavyTailed => {}
                // Counts and levels have no scale.
                CellKind::Count | CellKind::Category { .. } => *column = Scale { offset: 0.0, scale: 1.0 },
            }
        }
        let is_variational = manifest.graphs.encoder.output(Role::LogVariance).is_some();
        Measure {
            cells: CellMeasures::of(manifest, &columns, is_variational),
            columns,
            likelihood: manifest.likelihood,
            variance: manifest.variance.unwrap_or(1.0),
            is_variational,
        }
    }

    /// Refuses values outside the range of a Bernoulli likelihood, as training does.
    pub(super) fn check(&self, samples: &Samples<'_>, bounds: &Bounds) -> Result<(), Error> {
        match (self.likelihood, &samples.values) {
            (Likelihood::Gaussian | Likelihood::Columns, _) => Ok(()),
            (Likelihood::Bernoulli, Values::Floats(view)) => self.check_range(view, bounds),
            (Likelihood::Bernoulli, Values::Bytes(view)) => self.check_range(view, bounds),
        }
    }

    fn check_range<T: Copy + Into<f32>>(&self, view: &ArrayViewD<'_, T>, bounds: &Bounds) -> Result<(), Error> {
        for (row, values) in view.outer_iter().enumerate() {
            bounds.check_cancelled(0, view.len_of(Axis(0)))?;
            // Computed in `f32`, as in training, where the ends of the range scale to exactly 0 and 1.
            let is_outside = |(&value, column): (&T, &Scale)| {
                !(0.0..=1.0).contains(&((value.into() - column.offset) / column.scale))
            };
            let outside = values.iter().zip(&self.columns).position(is_outside);
            let first = outside.and_then(|index| values.indexed_iter().zip(&self.columns).nth(index));
            if let Some(((position, &value), &Scale { offset, scale })) = first {
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

    /// Scales the rows, `[rows, features]`.
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

    /// Computes `sum (x - x_hat)^2` of a target in scaled units and a decoded sample in the data's unit, over the
    /// numbers of a mixed table that are there.
    pub(super) fn squared_error(&self, target: ArrayView1<'_, f64>, decoded: &DecodedRow<'_>) -> f64 {
        match &self.cells {
            Some(cells) => cells.squared_error(target, decoded),
            None => self.pairs(&target, decoded).map(|(target, mean)| (target - mean).powi(2)).sum(),
        }
    }

    /// Calls a function with the position of each cell of a mixed table that is there and its error in the loss; not at
    /// all for other samples.
    pub(super) fn cell_errors(
        &self,
        target: ArrayView1<'_, f64>,
        decoded: &DecodedRow<'_>,
        receive: impl FnMut(usize, f64),
    ) {
        if let Some(cells) = &self.cells {
            cells.errors(target, decoded, receive);
        }
    }

    /// Computes the reconstruction loss: the squared error for a Gaussian likelihood of a deterministic encoder, the
    /// weighted errors of the cells of a mixed table, otherwise the negative log-likelihood in nats.
    pub(super) fn reconstruction(&self, target: ArrayView1<'_, f64>, decoded: &DecodedRow<'_>) -> f64 {
        match (self.likelihood, self.is_variational) {
            (Likelihood::Gaussian, false) => self.squared_error(target, decoded),
            (Likelihood::Gaussian, true) | (Likelihood::Bernoulli, _) => -self.log_likelihood(target, decoded),
            (Likelihood::Columns, _) => {
                let mut sum = 0.0;
                self.cell_errors(target, decoded, |_, error| sum += error);
                sum
            }
        }
    }

    /// Computes `ln p(x|z)` in nats.
    pub(super) fn log_likelihood(&self, target: ArrayView1<'_, f64>, decoded: &DecodedRow<'_>) -> f64 {
        match self.likelihood {
            Likelihood::Bernoulli => {
                let per_value = |(target, mean): (f64, f64)| {
                    let (target, p) = (target.clamp(0.0, 1.0), mean.clamp(MIN_PROBABILITY, 1.0 - MIN_PROBABILITY));
                    weighted_log(target, p) + weighted_log(1.0 - target, 1.0 - p)
                };
                self.pairs(&target, decoded).map(per_value).sum()
            }
            Likelihood::Columns => self.cells.as_ref().map_or(0.0, |cells| cells.log_likelihood(target, decoded)),
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
        decoded: &'a DecodedRow<'_>,
    ) -> impl Iterator<Item = (f64, f64)> + 'a {
        let means = decoded.sample.iter().zip(&self.columns).map(|(&value, column)| column.scaled(value));
        target.iter().copied().zip(means)
    }
}

/// Computes `weight * ln value`, without the logarithm if the weight is 0. This saves half of the logarithms for
/// black and white pixels, which most images consist of.
fn weighted_log(weight: f64, value: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { weight * value.ln() }
}
