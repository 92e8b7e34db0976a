//! Counts the scores and columns of recent rows against the calibration rows.

use anyhow::Context;
use narrows_bundle::Calibration;
use narrows_evaluate::{Drift, DriftCounts};
use narrows_runtime::{Detections, Detector};
use ndarray::Array2;

use crate::detect::feature_name;

/// Scores that differ by less than this, relative to the larger of their size and 1, count as equal, as for p-values:
/// equal rows get scores that differ by rounding.
const TOLERANCE: f32 = 1e-4;

/// The counts so far.
pub(super) struct Comparison {
    calibration_rows: usize,
    flagged: usize,
    scores: DriftCounts,
    columns: Vec<(String, DriftCounts)>,
}

impl Comparison {
    pub(super) fn of(detector: &Detector, calibration: &Calibration) -> anyhow::Result<Self> {
        let counts = |values: &[f32]| DriftCounts::new(values).context("the calibration has no quantiles");
        let scores = counts(&calibration.scores.to_vec())?.within(TOLERANCE);
        let sample = &detector.manifest().sample;
        let columns = calibration.columns.iter().flat_map(|columns| columns.outer_iter()).enumerate();
        let columns = columns.map(|(index, values)| Ok((feature_name(sample, index), counts(&values.to_vec())?)));
        Ok(Comparison {
            calibration_rows: detector.record().calibration_rows,
            flagged: 0,
            scores,
            columns: columns.collect::<anyhow::Result<_>>()?,
        })
    }

    /// Adds rows, `[rows, features]`.
    pub(super) fn add(&mut self, detections: &Detections, rows: &Array2<f32>) {
        self.flagged += detections.are_anomalies.iter().filter(|flag| **flag).count();
        detections.scores.iter().for_each(|&score| self.scores.add(score));
        for (column, (_, counts)) in rows.columns().into_iter().zip(&mut self.columns) {
            column.iter().for_each(|&value| counts.add(value));
        }
    }

    /// Returns the number of rows that are anomalies.
    pub(super) fn flagged(&self) -> usize {
        self.flagged
    }

    /// Returns the figures of the scores; `None` if every score is NaN.
    pub(super) fn scores(&self) -> Option<Drift> {
        self.scores.figures(self.calibration_rows)
    }

    /// Returns the names and figures of the columns, the largest PSI first.
    pub(super) fn columns(&self) -> Vec<(String, Option<Drift>)> {
        let figures = |(name, counts): &(String, DriftCounts)| (name.clone(), counts.figures(self.calibration_rows));
        let mut columns: Vec<(String, Option<Drift>)> = self.columns.iter().map(figures).collect();
        let key = |drift: &Option<Drift>| drift.map_or(f64::NEG_INFINITY, |drift| drift.population_stability_index);
        columns.sort_by(|(_, one), (_, other)| key(other).total_cmp(&key(one)));
        columns
    }
}
