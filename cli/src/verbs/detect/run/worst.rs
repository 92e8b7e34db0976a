//! The rows with the highest scores, and the reasons.

use narrows_runtime::{Detections, Detector, Reason, Samples};
use ndarray::Array2;
use serde_json::{Value, json};

use super::placed::Place;
use crate::{
    detect::{CellTexts, CellValue, feature_name},
    input::Batch,
    table::table,
};

/// Number of rows that are shown.
const ROWS: usize = 5;
/// Number of reasons of each.
const REASONS: usize = 3;
/// Number of significant digits that are usual.
const DIGITS: i32 = 4;

/// The rows with the highest scores so far, the highest first.
#[derive(Default)]
pub(super) struct Worst(Vec<Row>);

struct Row {
    place: Place,
    score: f32,
    p_value: f32,
    is_anomaly: bool,
    values: Vec<f32>,
    class: Option<i64>,
}

/// The same with reasons.
pub(super) struct ExplainedRows(Vec<(Row, Vec<Reason>)>);

impl Worst {
    /// Adds a batch.
    pub(super) fn add(&mut self, batch: &Batch, detections: &Detections, places: &[Place]) -> anyhow::Result<()> {
        let mut candidates: Vec<usize> = (0..detections.scores.len()).collect();
        candidates.sort_by(|&one, &other| rank(detections.scores[other]).total_cmp(&rank(detections.scores[one])));
        candidates.truncate(ROWS);
        let lowest = self.0.get(ROWS - 1).map_or(f32::NEG_INFINITY, |row| rank(row.score));
        candidates.retain(|&row| self.0.len() < ROWS || rank(detections.scores[row]) > lowest);
        if candidates.is_empty() {
            return Ok(());
        }
        let values = batch.floats()?;
        for row in candidates {
            let Some(&place) = places.get(row) else { continue };
            self.0.push(Row {
                place,
                score: detections.scores[row],
                p_value: detections.p_values[row],
                is_anomaly: detections.are_anomalies[row],
                values: values.row(row).to_vec(),
                class: batch.classes().and_then(|classes| classes.get(row).copied()),
            });
        }
        // The order of rows with equal scores stays that of the data.
        self.0.sort_by(|one, other| rank(other.score).total_cmp(&rank(one.score)));
        self.0.truncate(ROWS);
        Ok(())
    }

    /// Computes the reasons.
    pub(super) fn explained(self, detector: &Detector) -> anyhow::Result<ExplainedRows> {
        let features = detector.manifest().sample.features();
        let values: Vec<f32> = self.0.iter().flat_map(|row| row.values.iter().copied()).collect();
        let values = Array2::from_shape_vec((self.0.len(), features), values)?;
        let classes: Vec<i64> = self.0.iter().filter_map(|row| row.class).collect();
        let samples = match detector.takes_labels() {
            true => Samples::from(values.view()).labelled(&classes),
            false => Samples::from(values.view()),
        };
        let reasons = detector.reasons(samples, REASONS)?;
        Ok(ExplainedRows(self.0.into_iter().zip(reasons).collect()))
    }
}

/// A score that is NaN ranks highest, because its row is an anomaly.
fn rank(score: f32) -> f32 {
    if score.is_nan() { f32::INFINITY } else { score }
}

impl ExplainedRows {
    pub(super) fn text(&self, detector: &Detector) -> String {
        let sample = &detector.manifest().sample;
        let texts = CellTexts::of(sample);
        let rows = self.0.iter().map(|(row, reasons)| {
            let reason = |reason: &Reason| {
                let (value, expected) = pair(texts.as_ref(), reason);
                let name = feature_name(sample, reason.feature);
                format!("{name} {value} instead of {expected} ({:.0} %)", 100.0 * reason.share)
            };
            vec![
                row.place.text(),
                short(row.score, DIGITS),
                short(row.p_value, DIGITS),
                if row.is_anomaly { "yes" } else { "no" }.to_owned(),
                reasons.iter().map(reason).collect::<Vec<_>>().join(", "),
            ]
        });
        let place = match self.0.first().map(|(row, _)| row.place) {
            Some(Place::Steps { .. }) => "steps",
            Some(Place::Row(_)) | None => "row",
        };
        format!(
            "highest scores, with the values of the largest shares:\n{}",
            table(&[place, "score", "p-value", "anomaly", "reasons"], rows)
        )
    }

    pub(super) fn json(&self, detector: &Detector) -> Value {
        let sample = &detector.manifest().sample;
        let texts = CellTexts::of(sample);
        let value = |feature: usize, value: f32| match &texts {
            None => json!(value),
            Some(texts) => match texts.value(feature, value) {
                CellValue::Number(number) => json!(number),
                CellValue::Text(text) => json!(text),
                CellValue::Unseen => json!("(unseen level)"),
                CellValue::Missing => Value::Null,
            },
        };
        let reason = |reason: &Reason| {
            json!({
                "name": feature_name(sample, reason.feature),
                "share": reason.share,
                "value": value(reason.feature, reason.value),
                "expected": value(reason.feature, reason.expected),
            })
        };
        let row = |(row, reasons): &(Row, Vec<Reason>)| {
            let mut object = json!({
                "score": row.score,
                "p_value": row.p_value,
                "is_anomaly": row.is_anomaly,
                "reasons": reasons.iter().map(reason).collect::<Vec<_>>(),
            });
            match row.place {
                Place::Row(number) => object["row"] = json!(number),
                Place::Steps { first, last } => {
                    object["first_step"] = json!(first);
                    object["last_step"] = json!(last);
                }
            }
            object
        };
        Value::Array(self.0.iter().map(row).collect())
    }
}

/// Returns the value and the expected value of a reason as text.
fn pair(texts: Option<&CellTexts>, reason: &Reason) -> (String, String) {
    let numbers = || told_apart(reason.value, reason.expected);
    let Some(texts) = texts else { return numbers() };
    let [value, expected] = [reason.value, reason.expected].map(|value| texts.value(reason.feature, value));
    let text = |value| match value {
        CellValue::Number(number) => short(number, DIGITS),
        CellValue::Text(text) => text,
        CellValue::Unseen => "an unseen level".to_owned(),
        CellValue::Missing => "missing".to_owned(),
    };
    match (value, expected) {
        (CellValue::Number(_), CellValue::Number(_)) => numbers(),
        (value, expected) => (text(value), text(expected)),
    }
}

/// Formats two numbers with so many significant digits that different ones differ.
fn told_apart(one: f32, other: f32) -> (String, String) {
    // Nine digits tell all 32-bit floats apart.
    let mut pairs = (DIGITS..9).map(|digits| (short(one, digits), short(other, digits)));
    pairs.find(|(first, second)| first != second || one == other).unwrap_or_else(|| (short(one, 9), short(other, 9)))
}

/// Formats a number with `digits` significant digits.
fn short(value: f32, digits: i32) -> String {
    let size = f64::from(value).abs();
    // A number that needs more digits than usual is easier to compare without an exponent.
    let largest = if digits > DIGITS { 1e10 } else { 1e5 };
    match value {
        value if value == 0.0 || !value.is_finite() => value.to_string(),
        value if (1e-3..largest).contains(&size) => {
            let decimals = (digits - 1 - size.log10().floor() as i32).max(0) as usize;
            let text = format!("{value:.decimals$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
        value => format!("{value:.*e}", (digits - 1) as usize),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_have_four_significant_digits() {
        let numbers = [0.0, 12.0, 0.004_975, 123.456, 12_345.6, 1.5e7, -2.25, 1e-6, f32::NAN];
        let texts = ["0", "12", "0.004975", "123.5", "12346", "1.500e7", "-2.25", "1.000e-6", "NaN"];
        assert_eq!(numbers.map(|number| super::short(number, super::DIGITS)), texts.map(str::to_owned));
    }

    #[test]
    fn different_numbers_look_different() {
        let texts = |one, other| {
            let (one, other) = super::told_apart(one, other);
            format!("{one} instead of {other}")
        };
        assert_eq!(texts(1_000_000_064.0, 999_999_936.0), "1000000064 instead of 999999936");
        assert_eq!(texts(4.03, 2.937_1), "4.03 instead of 2.937");
        assert_eq!(texts(2.000_1, 2.0), "2.0001 instead of 2");
        assert_eq!(texts(1e20, 1.000_01e20), "1.00000e20 instead of 1.00001e20");
        assert_eq!(texts(3.0, 3.0), "3 instead of 3");
        assert_eq!(texts(1.0, 1.000_000_1), "1 instead of 1.0000001");
    }
}
