//! A small detector built without the trainer: the score is the sum of squares, plus the label in a conditional model.

use narrows_runtime::{
    bundle::{
        AnomalyScore, CALIBRATION, Calibration, DETECTOR, DETECTOR_PROBE, DetectorProbe, DetectorRecord, Kind,
        onnx::{Model, Tensor, element},
    },
    ndarray::{Array1, Array2, Array3, Axis, concatenate},
};
use prost::Message;

use super::{Builder, CLASSES, FEATURES, Fixture, SHAPE, labels, samples};

/// Number of calibration scores: 1, 2, ..., 19.
pub(crate) const CALIBRATED: usize = 19;
/// The default level: at most one calibration score may be as large as the score of an anomaly.
pub(crate) const LEVEL: f64 = 0.1;
/// The largest score that is no anomaly at the default level.
pub(crate) const THRESHOLD: f32 = 18.0;
/// Scores with exact squares, around the calibration scores.
pub(crate) const SCORES: [f32; 9] = [0.0, 1.0, 9.0, 17.25, 18.0, 18.25, 19.0, 19.25, 36.0];

/// The content of a detector that can be modified before it is written.
pub(crate) struct DetectorDraft {
    pub(crate) record: DetectorRecord,
    pub(crate) graph: Model,
    pub(crate) probe: DetectorProbe,
    pub(crate) calibration: Calibration,
}

/// Creates a bundle of a model of this kind with a detector.
pub(crate) fn detector_fixture(kind: Kind) -> Fixture {
    modified_detector(kind, |_| {})
}

/// Creates a bundle with a detector that was modified.
pub(crate) fn modified_detector(kind: Kind, modify: impl FnOnce(&mut DetectorDraft)) -> Fixture {
    let mut detector = draft(kind);
    modify(&mut detector);
    Fixture::modified(kind, |draft| {
        let DetectorDraft { record, graph, probe, calibration } = detector;
        draft.manifest.detector = Some(record);
        draft.files.extend([
            (DETECTOR, graph.encode_to_vec()),
            (DETECTOR_PROBE, probe.to_bytes().expect("a valid probe")),
            (CALIBRATION, calibration.to_bytes().expect("valid quantiles")),
        ]);
    })
}

/// Returns rows whose sums of squares are exactly `scores`, each a sum of at most six quarters of squares.
pub(crate) fn rows_with(scores: &[f32]) -> Array3<f32> {
    let mut rows = Array2::zeros((scores.len(), FEATURES));
    for (mut row, &score) in rows.outer_iter_mut().zip(scores) {
        let mut rest = score;
        for value in &mut row {
            *value = [3.0_f32, 2.0, 1.0, 0.5, 0.0].into_iter().find(|value| value * value <= rest).unwrap_or(0.0);
            rest -= *value * *value;
        }
        assert_eq!(rest, 0.0, "{score} needs more values");
    }
    rows.into_shape_with_order((scores.len(), SHAPE[0], SHAPE[1])).expect("the same number of values")
}

/// Computes the scores in plain Rust.
pub(crate) fn scores_of(kind: Kind, rows: &Array3<f32>, labels: &[i64]) -> Array1<f32> {
    let scores = rows.outer_iter().map(|row| row.iter().map(|value| value * value).sum::<f32>());
    let class = |row: usize| if kind.is_conditional() { labels[row] as f32 } else { 0.0 };
    scores.enumerate().map(|(row, score)| score + class(row)).collect()
}

/// Computes the p-value of a score in plain Rust.
pub(crate) fn p_value_of(score: f32) -> f32 {
    let at_least = (1..=CALIBRATED).filter(|&other| other as f32 >= score).count();
    (1 + at_least) as f32 / (CALIBRATED + 1) as f32
}

fn draft(kind: Kind) -> DetectorDraft {
    let graph = DetectorRecord::ports(&SHAPE, kind.is_conditional(), LEVEL as f32);
    let rows = concatenate![Axis(0), rows_with(&SCORES), samples(20)];
    let labels = labels(rows.len_of(Axis(0)));
    let scores = scores_of(kind, &rows, &labels);
    let p_values = scores.mapv(p_value_of);
    DetectorDraft {
        graph: model(kind).model(&graph),
        record: DetectorRecord {
            graph,
            score: AnomalyScore::Reconstruction,
            level: LEVEL,
            threshold: THRESHOLD.into(),
            data: "synthetic".to_owned(),
            fingerprint: String::new(),
            fitted_rows: 20,
            calibration_rows: CALIBRATED,
            contamination: 0.0,
            seed: 0,
            parity: None,
        },
        calibration: Calibration { scores: calibration_scores().into(), columns: Some(Array2::ones((FEATURES, 3))) },
        probe: DetectorProbe {
            are_anomalies: p_values.iter().map(|&p_value| p_value <= LEVEL as f32).collect(),
            samples: rows.into_dyn(),
            labels: kind.is_conditional().then_some(labels),
            scores,
            p_values,
        },
    }
}

fn calibration_scores() -> Vec<f32> {
    (1..=CALIBRATED).map(|score| score as f32).collect()
}

fn model(kind: Kind) -> Builder {
    let mut graph = Builder::default();
    graph.node("Mul", &["x", "x"], "squares", &[]);
    graph.constant(Tensor::integers("features", &[2], &[1, 2]));
    graph.node("ReduceSum", &["squares", "features"], "total", &[("keepdims", 1)]);
    graph.node("Div", &["squares", "total"], "share", &[]);
    graph.node("Sub", &["x", "x"], "x_hat", &[]);
    let sum = if kind.is_conditional() { "sum" } else { "score" };
    graph.node("ReduceSum", &["squares", "features"], sum, &[("keepdims", 0)]);
    if kind.is_conditional() {
        graph.constant(Tensor::floats("offsets", &[CLASSES.len()], &[0.0, 1.0, 2.0]));
        graph.node("Gather", &["offsets", "label"], "offset", &[("axis", 0)]);
        graph.node("Add", &["sum", "offset"], "score", &[]);
    }
    graph.constant(Tensor::integers("column", &[2], &[-1, 1]));
    graph.node("Reshape", &["score", "column"], "scores", &[]);
    graph.constant(Tensor::floats("calibration", &[CALIBRATED], &calibration_scores()));
    graph.node("GreaterOrEqual", &["calibration", "scores"], "are_larger", &[]);
    graph.node("Cast", &["are_larger"], "ones", &[("to", element::FLOAT.into())]);
    graph.constant(Tensor::integers("rows", &[1], &[1]));
    graph.node("ReduceSum", &["ones", "rows"], "count", &[("keepdims", 0)]);
    graph.constant(Tensor::floats("one", &[], &[1.0]));
    graph.node("Add", &["count", "one"], "numerator", &[]);
    graph.constant(Tensor::floats("denominator", &[], &[(CALIBRATED + 1) as f32]));
    graph.node("Div", &["numerator", "denominator"], "p_value", &[]);
    graph.constant(Tensor::floats(DetectorRecord::LEVEL, &[], &[LEVEL as f32]));
    graph.node("LessOrEqual", &["p_value", DetectorRecord::LEVEL], "is_anomaly", &[]);
    graph
}
