//! Responses of the detector as JSON.

use narrows_runtime::{Detector, Error, Reason};
use serde::Serialize;
use serde_json::{Value, json};

use crate::request::Batch;

/// Number of reasons of an anomaly.
const REASONS: usize = 3;

/// The response to a batch.
#[derive(Serialize)]
pub(crate) struct Detected<'d> {
    level: f64,
    rows: Vec<DetectedRow<'d>>,
}

/// The results of one row. A score that overflows is `null`.
#[derive(Serialize)]
struct DetectedRow<'d> {
    score: f32,
    p_value: f32,
    is_anomaly: bool,
    reasons: Vec<NamedReason<'d>>,
}

/// A value that is unusual, with the name of its column in a table.
#[derive(Serialize)]
struct NamedReason<'d> {
    feature: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'d str>,
    share: f32,
    value: f32,
    expected: f32,
}

/// Scores all rows of a batch, and explains its anomalies. This is CPU-bound; call it on a blocking thread.
pub(crate) fn detected<'d>(detector: &'d Detector, batch: &Batch<'_>) -> Result<Detected<'d>, Error> {
    let detections = detector.detect(batch.samples())?;
    let mut reasons =
        if detections.are_anomalies.contains(&true) { detector.reasons(batch.samples(), REASONS)? } else { Vec::new() };
    let columns = detector.manifest().sample.columns.as_deref().unwrap_or_default();
    let named = |Reason { feature, share, value, expected }| NamedReason {
        feature,
        name: columns.get(feature).map(String::as_str),
        share,
        value,
        expected,
    };
    let scores = detections.scores.iter().zip(&detections.p_values).zip(&detections.are_anomalies).enumerate();
    let rows = scores.map(|(row, ((&score, &p_value), &is_anomaly))| {
        let reasons = reasons.get_mut(row).filter(|_| is_anomaly).map(std::mem::take).unwrap_or_default();
        DetectedRow { score, p_value, is_anomaly, reasons: reasons.into_iter().map(named).collect() }
    });
    Ok(Detected { level: detector.level(), rows: rows.collect() })
}

/// Describes the detector.
pub(crate) fn describe_detector(detector: &Detector) -> Value {
    let record = detector.record();
    json!({
        "score": record.score.name(),
        "level": record.level,
        "threshold": record.threshold,
        "calibration_rows": record.calibration_rows,
    })
}
