//! Counts the scores and columns of recent rows against the calibration rows.

use anyhow::Context;
use narrows_bundle::Calibration;
use narrows_evaluate::{CategoryDrift, CategoryDriftCounts, Drift, DriftCounts};
use narrows_runtime::{Detections, Detector};
use ndarray::Array2;

use crate::detect::feature_name;

/// Scores that differ by less than this, relative to the larger of their size and 1, count as equal, as for p-values:
/// equal rows get scores that differ by rounding.
const TOLERANCE: f32 = 1e-4;

/// How far the values of a column are from those of the calibration rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ColumnDrift {
    Number(Drift),
    Category(CategoryDrift),
}

impl ColumnDrift {
    pub(super) fn population_stability_index(&self) -> f64 {
        match self {
            ColumnDrift::Number(drift) => drift.population_stability_index,
            ColumnDrift::Category(drift) => drift.population_stability_index,
        }
    }

    pub(super) fn p_value(&self) -> f64 {
        match self {
            ColumnDrift::Number(drift) => drift.p_value,
            ColumnDrift::Category(drift) => drift.p_value,
        }
    }
}

/// The counts of a column. `None` for a number without a value in the calibration rows.
enum ColumnCounts {
    Number(Option<DriftCounts>),
    Category(CategoryDriftCounts),
}

impl ColumnCounts {
    /// Prepares a comparison with the quantiles of a column, which has this number of levels if it is a category.
    fn of(quantiles: &[f32], levels: Option<usize>) -> anyhow::Result<Self> {
        const NONE: &str = "the calibration has no quantiles";
        // Missing values are the last ones.
        let there = quantiles.split(|value| value.is_nan()).next().unwrap_or_default();
        Ok(match levels {
            Some(levels) => ColumnCounts::Category(CategoryDriftCounts::new(quantiles, levels).context(NONE)?),
            None if there.is_empty() && !quantiles.is_empty() => ColumnCounts::Number(None),
            None => ColumnCounts::Number(Some(DriftCounts::new(there).context(NONE)?)),
        })
    }

    fn add(&mut self, value: f32) {
        match self {
            ColumnCounts::Number(Some(counts)) => counts.add(value),
            ColumnCounts::Number(None) => {}
            ColumnCounts::Category(counts) => counts.add(value),
        }
    }

    fn figures(&self, calibration_rows: usize) -> Option<ColumnDrift> {
        match self {
            ColumnCounts::Number(counts) => counts.as_ref()?.figures(calibration_rows).map(ColumnDrift::Number),
            ColumnCounts::Category(counts) => counts.figures().map(ColumnDrift::Category),
        }
    }
}

/// The counts so far.
pub(super) struct Comparison {
    calibration_rows: usize,
    flagged: usize,
    scores: DriftCounts,
    columns: Vec<(String, ColumnCounts)>,
}

impl Comparison {
    pub(super) fn of(detector: &Detector, calibration: &Calibration) -> anyhow::Result<Self> {
        let scores = DriftCounts::new(&calibration.scores.to_vec()).context("the calibration has no scores")?;
        let scores = scores.within(TOLERANCE);
        let sample = &detector.manifest().sample;
        let columns = calibration.columns.iter().flat_map(|columns| columns.outer_iter()).enumerate();
        let cells = sample.cells();
        let columns = columns.map(|(index, values)| {
            let levels = cells.as_ref().and_then(|cells| cells.get(index)).and_then(|cell| cell.kind.levels());
            Ok((feature_name(sample, index), ColumnCounts::of(&values.to_vec(), levels)?))
        });
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
    pub(super) fn columns(&self) -> Vec<(String, Option<ColumnDrift>)> {
        let figures = |(name, counts): &(String, ColumnCounts)| (name.clone(), counts.figures(self.calibration_rows));
        let mut columns: Vec<(String, Option<ColumnDrift>)> = self.columns.iter().map(figures).collect();
        let key =
            |drift: &Option<ColumnDrift>| drift.map_or(f64::NEG_INFINITY, |drift| drift.population_stability_index());
        columns.sort_by(|(_, one), (_, other)| key(other).total_cmp(&key(one)));
        columns
    }
}
