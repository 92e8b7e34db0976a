//! The route `/detect`: results as the library computes them, reasons of anomalies alone, and refusals.

use narrows_runtime::{
    Detector, Reason, Samples,
    bundle::Kind,
    ndarray::{Array2, Axis, concatenate},
};
use serde_json::{Value, json as value};

use crate::{
    client::{TestRequest, json, octets},
    running::{LIMITS, Running},
    support::{
        FEATURES, Fixture,
        detector::{SCORES, detector_fixture, rows_with},
        labels, samples,
    },
};

fn start(fixture: &Fixture) -> Running {
    Running::start_bundle(fixture.path(), LIMITS, |router, _| router)
}

/// Returns rows with known scores, among them anomalies, and some others.
fn rows() -> Array2<f32> {
    let rows = concatenate![Axis(0), rows_with(&SCORES), samples(20)];
    let count = rows.len_of(Axis(0));
    rows.into_shape_with_order((count, FEATURES)).expect("the same number of values")
}

fn detected(running: &Running, request: TestRequest) -> Vec<Value> {
    let response = running.request(&request.to("/detect"));
    assert_eq!(response.status, 200, "{response:?}");
    let response = response.json();
    assert_eq!(response["level"], value!(0.1));
    response["rows"].as_array().expect("one object per row").clone()
}

fn number(value: &Value) -> f32 {
    value.as_f64().expect("a number") as f32
}

#[test]
fn the_service_returns_the_scores_and_labels_of_the_library_for_json_and_binary_rows() {
    for kind in [Kind::Ae, Kind::Cvae] {
        let fixture = detector_fixture(kind);
        let (running, rows, detector) =
            (start(&fixture), rows(), Detector::open(fixture.path()).expect("a good bundle"));
        let (labels, given) = (labels(rows.nrows()), Samples::from(&rows));
        let samples = if kind.is_conditional() { given.labelled(&labels) } else { given };
        let expected = detector.detect(samples.clone()).expect("good rows");
        let reasons = detector.reasons(samples, 3).expect("good rows");
        let query: Vec<_> = labels.iter().map(i64::to_string).collect();
        for request in [json(&rows), octets(&rows, "f32")] {
            let labelled = kind.is_conditional().then(|| format!("labels={}", query.join(",")));
            let request = labelled.iter().fold(request, |request, query| request.with_query(query));
            let found = detected(&running, request);
            assert_eq!(found.len(), rows.nrows());
            for (row, found) in found.iter().enumerate() {
                assert_eq!(number(&found["score"]), expected.scores[row]);
                assert_eq!(number(&found["p_value"]), expected.p_values[row]);
                assert_eq!(found["is_anomaly"], value!(expected.are_anomalies[row]));
                let expected = if expected.are_anomalies[row] { reasons[row].clone() } else { Vec::new() };
                let found = found["reasons"].as_array().expect("a list").iter().map(|found| Reason {
                    feature: found["feature"].as_u64().expect("an index") as usize,
                    share: number(&found["share"]),
                    value: number(&found["value"]),
                    expected: number(&found["expected"]),
                });
                assert_eq!(found.collect::<Vec<_>>(), expected, "row {row}");
            }
        }
        assert!(expected.are_anomalies.contains(&true) && expected.are_anomalies.contains(&false));
        running.stop();
    }
}

#[test]
fn the_model_endpoint_describes_the_detector_and_a_batch_without_rows_is_empty() {
    let running = start(&detector_fixture(Kind::Ae));
    let described = running.request(&TestRequest::get("/model")).json();
    let expected = value!({"score": "reconstruction", "level": 0.1, "threshold": 18.0, "calibration_rows": 19});
    assert_eq!(described["detector"], expected);
    assert_eq!(detected(&running, TestRequest::post("application/json", b"{\"rows\": []}")), [Value::Null; 0]);
    running.stop();
}

#[test]
fn invalid_rows_are_refused_with_their_position() {
    let running = start(&detector_fixture(Kind::Ae));
    let mut with_nan = rows();
    with_nan[[4, 2]] = f32::NAN;
    let cases = [
        (octets(&with_nan, "f32"), 400, "NaN in row 4 at [0, 2]"),
        (TestRequest::post("application/json", b"{\"rows\": [[1, 2]]}"), 400, "row 0 has 2 values, this model takes 6"),
        (json(&rows()).with_query("label=0"), 400, "takes no labels"),
    ];
    for (request, status, part) in cases {
        let response = running.request(&request.to("/detect"));
        assert_eq!(response.status, status);
        assert!(response.error().contains(part), "{response:?}");
    }
    running.stop();
}

#[test]
fn a_score_that_overflows_is_null_and_an_anomaly() {
    let running = start(&detector_fixture(Kind::Ae));
    let rows = Array2::from_elem((1, FEATURES), 1e30_f32);
    let found = detected(&running, octets(&rows, "f32"));
    assert_eq!((&found[0]["score"], &found[0]["is_anomaly"]), (&Value::Null, &value!(true)));
    running.stop();
}
