//! The columns of a table of detections.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray};
use narrows_data::{RecordBatch, write::Layout};
use narrows_runtime::{Detections, Detector, Explained};
use ndarray::{Array2, Axis};

use super::placed::Place;
use crate::{
    detect::feature_name,
    input::Batch,
    misuse::misuse,
    output::{ExtraColumn, Format, with_columns},
};

/// Names of the columns of every row.
const NAMES: [&str; 3] = ["score", "p_value", "is_anomaly"];
/// Names of the numbers of a reason, to which its number is appended.
const OF_REASON: [&str; 3] = ["share", "value", "expected"];

/// Which rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// All rows.
    All,
    /// Only anomalies, with their row numbers.
    Anomalies,
}

/// Which columns are written.
pub(super) struct Columns<'a> {
    detector: &'a Detector,
    reasons: usize,
    written: Written,
    is_table: bool,
}

impl<'a> Columns<'a> {
    /// Selects the columns.
    pub(super) fn of(
        detector: &'a Detector,
        reasons: usize,
        written: Written,
        format: Option<Format>,
    ) -> anyhow::Result<Self> {
        let is_table = format.is_some_and(Format::is_table);
        if reasons > 0 && format.is_some() && !is_table {
            misuse!("--reasons needs columns with text; write a .csv or .parquet file");
        }
        let reasons = reasons.min(detector.manifest().sample.features());
        Ok(Columns { detector, reasons, written, is_table })
    }

    /// Returns the columns of numbers.
    pub(super) fn layout(&self) -> Layout {
        let of_reasons = (1..=self.reasons).flat_map(|number| OF_REASON.map(|name| format!("{name}_{number}")));
        Layout::named(NAMES.map(str::to_owned).into_iter().chain(of_reasons).collect())
    }

    /// Returns the numbers of a batch, `[rows, columns]`, and its other columns for a table. Numbers that are not
    /// finite are NaN, which is an empty cell.
    pub(super) fn of_batch(
        &self,
        batch: &Batch,
        detections: &Detections,
        explained: Option<&Explained>,
        places: &[Place],
        others: Option<&RecordBatch>,
    ) -> anyhow::Result<(Array2<f32>, Option<RecordBatch>)> {
        let width = NAMES.len() + OF_REASON.len() * self.reasons;
        let mut numbers = Array2::from_elem((batch.rows(), width), f32::NAN);
        let flags = detections.are_anomalies.iter().map(|&is_anomaly| f32::from(u8::from(is_anomaly)));
        let own = detections.scores.iter().zip(&detections.p_values).zip(flags);
        for (mut row, ((&score, &p_value), flag)) in numbers.outer_iter_mut().zip(own) {
            row.iter_mut().zip([score, p_value, flag]).for_each(|(cell, value)| *cell = value);
        }
        let mut names = vec![vec![None; batch.rows()]; self.reasons];
        if let (Some(explained), true) = (explained, self.reasons > 0) {
            let values = batch.floats()?;
            for (row, values) in values.outer_iter().enumerate() {
                let shares = explained.shares.index_axis(Axis(0), row);
                let expected = explained.expected.index_axis(Axis(0), row);
                let (shares, expected) = (shares.flatten(), expected.flatten());
                for (reason, feature) in explained.largest(row, self.reasons).into_iter().enumerate() {
                    let first = NAMES.len() + OF_REASON.len() * reason;
                    let sources = [shares.get(feature), values.get(feature), expected.get(feature)];
                    let cells = numbers.row_mut(row).into_iter().skip(first);
                    for (cell, value) in cells.zip(sources.into_iter().flatten()) {
                        *cell = *value;
                    }
                    if let Some(name) = names.get_mut(reason).and_then(|names| names.get_mut(row)) {
                        *name = Some(feature_name(&self.detector.manifest().sample, feature));
                    }
                }
            }
        }
        if !self.is_table {
            return Ok((numbers, None));
        }
        numbers.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = f32::NAN);
        let mut extra = self.place_columns(places);
        extra.extend(names.into_iter().enumerate().map(|(reason, names)| {
            let values: ArrayRef = Arc::new(StringArray::from_iter(names));
            ExtraColumn { name: format!("reason_{}", reason + 1), values }
        }));
        let extra = if extra.is_empty() { others.cloned() } else { Some(with_columns(others, extra)?) };
        Ok((numbers, extra))
    }

    fn place_columns(&self, places: &[Place]) -> Vec<ExtraColumn> {
        let column = |name: &str, number: fn(&Place) -> usize| {
            let values: ArrayRef =
                Arc::new(Int64Array::from_iter_values(places.iter().map(|place| number(place) as i64)));
            ExtraColumn { name: name.to_owned(), values }
        };
        let first = |place: &Place| match place {
            Place::Row(first) | Place::Steps { first, .. } => *first,
        };
        let last = |place: &Place| match place {
            Place::Row(last) | Place::Steps { last, .. } => *last,
        };
        match places.first() {
            Some(Place::Steps { .. }) => vec![column("first_step", first), column("last_step", last)],
            Some(Place::Row(_)) if self.written == Written::Anomalies => vec![column("row", first)],
            Some(Place::Row(_)) | None => Vec::new(),
        }
    }
}
