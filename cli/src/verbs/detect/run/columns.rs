//! The columns of a table of detections.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray};
use narrows_data::{RecordBatch, write::Layout};
use narrows_runtime::{Detections, Detector, Explained};
use ndarray::{Array2, Axis};

use super::placed::Place;
use crate::{
    detect::{CellTexts, feature_name},
    input::Batch,
    misuse::misuse,
    output::{ExtraColumn, Format, with_columns},
};

/// Names of the columns of every row.
const NAMES: [&str; 3] = ["score", "p_value", "is_anomaly"];
/// Names of the numbers of a reason, to which its number is appended. Of a mixed table only the share is a number.
const OF_REASON: [&str; 3] = ["share", "value", "expected"];

/// Which rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// All rows.
    All,
    /// Only anomalies, with their row numbers.
    Anomalies,
}

/// The texts of one reason of every row: the name of the value, and in a mixed table the value and the expected value.
#[derive(Clone)]
struct ReasonTexts {
    names: Vec<Option<String>>,
    values: Vec<Option<String>>,
    expected: Vec<Option<String>>,
}

impl ReasonTexts {
    fn of(rows: usize) -> Self {
        let empty = vec![None; rows];
        ReasonTexts { names: empty.clone(), values: empty.clone(), expected: empty }
    }
}

/// Which columns are written.
pub(super) struct Columns<'a> {
    detector: &'a Detector,
    reasons: usize,
    written: Written,
    is_table: bool,
    /// The values of the cells of a mixed table as text.
    texts: Option<CellTexts>,
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
        let texts = CellTexts::of(&detector.manifest().sample);
        Ok(Columns { detector, reasons, written, is_table, texts })
    }

    /// Returns the columns of numbers.
    pub(super) fn layout(&self) -> Layout {
        let of_reason = |number| self.of_reason().iter().map(move |name| format!("{name}_{number}"));
        Layout::named(NAMES.map(str::to_owned).into_iter().chain((1..=self.reasons).flat_map(of_reason)).collect())
    }

    /// Returns the names of the numbers of a reason.
    fn of_reason(&self) -> &'static [&'static str] {
        match self.texts {
            Some(_) => &OF_REASON[..1],
            None => &OF_REASON,
        }
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
        let width = NAMES.len() + self.of_reason().len() * self.reasons;
        let mut numbers = Array2::from_elem((batch.rows(), width), f32::NAN);
        let flags = detections.are_anomalies.iter().map(|&is_anomaly| f32::from(u8::from(is_anomaly)));
        let own = detections.scores.iter().zip(&detections.p_values).zip(flags);
        for (mut row, ((&score, &p_value), flag)) in numbers.outer_iter_mut().zip(own) {
            row.iter_mut().zip([score, p_value, flag]).for_each(|(cell, value)| *cell = value);
        }
        let mut texts = vec![ReasonTexts::of(batch.rows()); self.reasons];
        if let (Some(explained), true) = (explained, self.reasons > 0) {
            let values = batch.floats()?;
            for (row, values) in values.outer_iter().enumerate() {
                let shares = explained.shares.index_axis(Axis(0), row);
                let expected = explained.expected.index_axis(Axis(0), row);
                let (shares, expected) = (shares.flatten(), expected.flatten());
                for (reason, feature) in explained.largest(row, self.reasons).into_iter().enumerate() {
                    let first = NAMES.len() + self.of_reason().len() * reason;
                    let sources = [shares.get(feature), values.get(feature), expected.get(feature)];
                    let cells = numbers.row_mut(row).into_iter().skip(first).take(self.of_reason().len());
                    for (cell, value) in cells.zip(sources.into_iter().flatten()) {
                        *cell = *value;
                    }
                    let text = |value: Option<&f32>| self.texts.as_ref()?.value(feature, *value?).in_table();
                    if let Some(texts) = texts.get_mut(reason) {
                        texts.names[row] = Some(feature_name(&self.detector.manifest().sample, feature));
                        texts.values[row] = text(values.get(feature));
                        texts.expected[row] = text(expected.get(feature));
                    }
                }
            }
        }
        if !self.is_table {
            return Ok((numbers, None));
        }
        numbers.iter_mut().filter(|value| !value.is_finite()).for_each(|value| *value = f32::NAN);
        let mut extra = self.place_columns(places);
        for (reason, texts) in texts.into_iter().enumerate() {
            let column = |name: &str, texts: Vec<Option<String>>| {
                let values: ArrayRef = Arc::new(StringArray::from_iter(texts));
                ExtraColumn { name: format!("{name}_{}", reason + 1), values }
            };
            extra.push(column("reason", texts.names));
            if self.texts.is_some() {
                extra.extend([column("value", texts.values), column("expected", texts.expected)]);
            }
        }
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
