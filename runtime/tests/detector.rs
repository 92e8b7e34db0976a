//! Anomaly detectors: labels, levels, batches, reasons and errors.

use std::fs;

use narrows_runtime::{
    Detections, DetectionsMut, Detector, Error, Options, Samples,
    bundle::{Bundle, BundleError, DETECTOR, ENCODER, Kind, MANIFEST},
    ndarray::{Array1, Array2, Array3, Axis, s},
};

mod support;

use support::{
    FEATURES, Fixture,
    detector::{LEVEL, SCORES, THRESHOLD, detector_fixture, modified_detector, p_value_of, rows_with, scores_of},
    labels, samples,
};

fn open(kind: Kind) -> Detector {
    Detector::open(detector_fixture(kind).path()).expect("a good bundle")
}

fn text<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    outcome.expect_err("an error").to_string()
}

/// Computes the results in plain Rust.
fn expected(scores: Array1<f32>, level: f64) -> Detections {
    let p_values = scores.mapv(p_value_of);
    let are_anomalies = p_values.iter().map(|&p_value| p_value <= level as f32).collect();
    Detections { scores, p_values, are_anomalies }
}

#[test]
fn a_score_at_the_threshold_is_no_anomaly_and_the_next_larger_one_is() {
    let detector = open(Kind::Ae);
    let detections = detector.detect(&rows_with(&SCORES)).expect("good samples");
    assert_eq!(detections, expected(Array1::from(SCORES.to_vec()), LEVEL));
    let larger = SCORES.map(|score| score > THRESHOLD);
    assert_eq!(detections.are_anomalies, larger);
    assert!(larger.contains(&true) && larger.contains(&false));
    assert_eq!((detector.level(), detector.record().threshold), (LEVEL, f64::from(THRESHOLD)));
}

#[test]
fn another_level_changes_labels_and_nothing_else() {
    let rows = rows_with(&SCORES);
    let count = |detector: &Detector| {
        let detections = detector.detect(&rows).expect("good samples");
        assert_eq!(detections, expected(Array1::from(SCORES.to_vec()), detector.level()));
        detections.are_anomalies.iter().filter(|&&is_anomaly| is_anomaly).count()
    };
    let detector = open(Kind::Ae);
    let mut counts = vec![count(&detector)];
    let mut detector = detector;
    for level in [0.01, 0.05, 0.5, 0.999, LEVEL] {
        detector = detector.at_level(level).expect("a level");
        assert_eq!(detector.level(), level);
        counts.push(count(&detector));
    }
    assert_eq!(counts, [4, 0, 2, 6, 7, 4]);
}

#[test]
fn a_level_outside_0_and_1_is_refused() {
    for level in [0.0, 1.0, -0.1, 2.0, f64::NAN, f64::INFINITY, 1e-60, 1.0 - 1e-12] {
        assert!(matches!(open(Kind::Ae).at_level(level), Err(Error::Level { .. })), "{level}");
    }
    assert_eq!(
        text(open(Kind::Ae).at_level(5.0)),
        "the level is 5, expected a false-alarm rate between 0 and 1, for example 0.01"
    );
}

#[test]
fn batches_of_any_size_and_layout_have_the_results_of_single_rows() {
    let fixture = detector_fixture(Kind::Ae);
    let options = Options::default().sessions(3).chunk(50);
    let detector = Detector::open_with(fixture.path(), &options).expect("a good bundle");
    let other_level = Detector::open_with(fixture.path(), &options).and_then(|detector| detector.at_level(0.5));
    for detector in [detector, other_level.expect("a good bundle")] {
        for count in [0, 1, 2, 49, 50, 51, 1000] {
            let rows = samples(count);
            let whole = detector.detect(&rows).expect("good samples");
            assert_eq!(whole, expected(scores_of(Kind::Ae, &rows, &[]), detector.level()), "{count} rows");
            let mirrored = Array3::from_shape_fn((3, 2, count), |(x, y, row)| rows[[row, y, x]]);
            assert_eq!(detector.detect(mirrored.t()).expect("another layout"), whole);

            let (mut wide, mut are_anomalies) = (Array2::zeros((count, 5)), vec![true; count]);
            let (scores, p_values) = wide.multi_slice_mut((s![.., 1], s![.., 3]));
            let results = DetectionsMut { scores, p_values, are_anomalies: &mut are_anomalies };
            detector.detect_into(&rows, results).expect("good samples");
            assert_eq!((wide.column(1), wide.column(3)), (whole.scores.view(), whole.p_values.view()));
            assert_eq!(are_anomalies, whole.are_anomalies);
            assert_eq!(wide.column(2).sum(), 0.0, "only the given arrays are written");
        }
    }
}

#[test]
fn a_score_that_overflows_is_an_anomaly() {
    let detector = open(Kind::Ae);
    let rows = Array2::from_elem((1, FEATURES), 1e30_f32);
    let detections = detector.detect(&rows).expect("finite samples");
    assert_eq!(detections.scores.to_vec(), [f32::INFINITY]);
    assert_eq!((detections.p_values.to_vec(), detections.are_anomalies), (vec![0.05], vec![true]));
    let reasons = detector.reasons(&rows, 2).expect("finite samples");
    assert_eq!(reasons[0].len(), 2);
}

#[test]
fn shares_expected_values_and_reasons_belong_to_their_rows() {
    let detector = open(Kind::Ae);
    let rows = samples(120);
    let explained = detector.explain(&rows).expect("good samples");
    assert_eq!(explained.detections, detector.detect(&rows).expect("good samples"));
    assert_eq!(explained.shares, detector.shares(&rows).expect("good samples"));
    assert_eq!((explained.shares.shape(), explained.expected.shape()), (rows.shape(), rows.shape()));
    assert!(explained.expected.iter().all(|&value| value == 0.0));
    for (row, shares) in rows.outer_iter().zip(explained.shares.outer_iter()) {
        let total: f32 = row.iter().map(|value| value * value).sum();
        assert!((shares.sum() - 1.0).abs() < 1e-6);
        assert!(row.iter().zip(&shares).all(|(value, share)| (value * value / total - share).abs() < 1e-6));
    }

    let reasons = detector.reasons(&rows, 2).expect("good samples");
    assert_eq!(reasons.len(), 120);
    for ((row, shares), reasons) in rows.outer_iter().zip(explained.shares.outer_iter()).zip(&reasons) {
        let (values, shares) = (row.flatten(), shares.flatten());
        let [first, second] = reasons.as_slice() else { panic!("two reasons, got {reasons:?}") };
        assert!(first.share >= second.share && first.feature != second.feature);
        let others =
            shares.iter().enumerate().filter(|(feature, _)| ![first.feature, second.feature].contains(feature));
        assert!(others.into_iter().all(|(_, &share)| share <= second.share));
        for reason in reasons {
            assert_eq!(reason.value, values[reason.feature]);
            assert_eq!((reason.share, reason.expected), (shares[reason.feature], 0.0));
        }
    }
    let all = detector.reasons(&rows, 100).expect("good samples");
    assert!(all.iter().all(|reasons| reasons.len() == FEATURES), "a sample has {FEATURES} values");
}

#[test]
fn a_conditional_detector_needs_labels_and_scores_with_them() {
    let (detector, rows, labels) = (open(Kind::Cvae), samples(30), labels(30));
    let detections = detector.detect(Samples::from(&rows).labelled(&labels)).expect("good samples");
    assert_eq!(detections, expected(scores_of(Kind::Cvae, &rows, &labels), LEVEL));
    let detector = detector.at_level(0.5).expect("a level");
    let detections = detector.detect(Samples::from(&rows).labelled(&labels)).expect("good samples");
    assert_eq!(detections, expected(scores_of(Kind::Cvae, &rows, &labels), 0.5));
    assert!(detector.takes_labels());
    assert!(matches!(detector.detect(&rows), Err(Error::LabelsMissing { .. })));
    let unlabelled = open(Kind::Ae);
    let refused = unlabelled.detect(Samples::from(&rows).labelled(&labels));
    assert!(matches!(refused, Err(Error::LabelsUnexpected { .. })));
    assert!(!unlabelled.takes_labels());
}

#[test]
fn samples_of_another_shape_or_with_nan_are_refused_with_their_position() {
    let detector = open(Kind::Ae);
    let wide = Array2::<u8>::zeros((3, 5));
    assert_eq!(text(detector.detect(&wide)), "input `x` expects [batch, 2, 3] (or [batch, 6]), got [3, 5]");
    let mut rows = samples(4);
    rows[[2, 1, 0]] = f32::NAN;
    let expected = "input `x` contains NaN in row 2 at [1, 0] (fill or drop such values first)";
    assert_eq!(text(detector.detect(&rows)), expected);
    assert_eq!(text(detector.explain(&rows)), expected);
    assert_eq!(text(detector.reasons(&rows, 1)), expected);
    let (mut scores, mut p_values) = (Array1::zeros(4), Array1::zeros(4));
    let mut into = |rows: &Array3<f32>, length: usize| {
        let mut are_anomalies = vec![false; length];
        let (scores, p_values) = (scores.view_mut(), p_values.view_mut());
        detector.detect_into(rows, DetectionsMut { scores, p_values, are_anomalies: &mut are_anomalies })
    };
    assert_eq!(text(into(&samples(4), 3)), "the array for `is_anomaly` has shape [3], expected [4]");
    assert_eq!(text(into(&samples(5), 5)), "the array for `score` has shape [4], expected [5]");
    assert!(into(&samples(4), 4).is_ok());
}

#[test]
fn the_error_for_a_bundle_without_a_detector_names_the_command_that_adds_one() {
    let fixture = Fixture::new(Kind::Ae);
    let path = fixture.path().display().to_string();
    let message = format!("`{path}` has no detector; add one with `narrows detect fit {path}`");
    assert_eq!(text(Detector::open(fixture.path())), message);
}

#[test]
fn a_packed_bundle_contains_its_detector() {
    let fixture = detector_fixture(Kind::Vae);
    let bundle = Bundle::open(fixture.path()).expect("a good bundle");
    let packed = bundle.pack().expect("a small bundle");
    let detector = Detector::open_bytes(&packed, &Options::default()).expect("a good bundle");
    let rows = rows_with(&SCORES);
    assert_eq!(
        detector.detect(&rows).expect("good samples"),
        Detector::from_bundle(&bundle, &Options::default())
            .and_then(|other| other.detect(&rows))
            .expect("good samples")
    );
}

#[test]
fn a_cut_or_swapped_detector_graph_is_refused() {
    let fixture = detector_fixture(Kind::Ae);
    let graph = fs::read(fixture.path().join(DETECTOR)).expect("a file");
    let encoder = fs::read(fixture.path().join(ENCODER)).expect("a file");
    for bytes in [&graph[..graph.len() / 2], &encoder] {
        fs::write(fixture.path().join(DETECTOR), bytes).expect("a writable folder");
        let error = Detector::open(fixture.path()).expect_err("another file");
        assert!(matches!(error, Error::Bundle(BundleError::Changed { .. })), "{error}");
    }
    let swapped = modified_detector(Kind::Ae, |draft| {
        draft.graph = prost::Message::decode(encoder.as_slice()).expect("an ONNX model");
    });
    let error = Detector::open(swapped.path()).expect_err("the graph of an encoder");
    assert!(matches!(error, Error::Bundle(BundleError::Invalid { .. })), "{error}");
}

#[test]
fn a_manifest_with_another_default_level_than_the_graph_is_refused() {
    let fixture = modified_detector(Kind::Ae, |draft| {
        draft.record.level = 0.2;
        draft.record.graph.settings[0].default = 0.2;
    });
    let message = text(Detector::open(fixture.path()));
    assert!(message.contains("the default of its input `level` is not 0.2"), "{message}");

    let fixture = detector_fixture(Kind::Ae);
    let manifest = fs::read_to_string(fixture.path().join(MANIFEST)).expect("a file");
    let changed = manifest.replace("\"level\": 0.1", "\"level\": 0.2");
    assert_ne!(changed, manifest);
    fs::write(fixture.path().join(MANIFEST), changed).expect("a writable folder");
    assert!(matches!(Detector::open(fixture.path()), Err(Error::Bundle(_))));
}

#[test]
fn many_threads_share_a_detector() {
    let detector = open(Kind::Ae);
    let rows = samples(300);
    let serial = detector.detect(&rows).expect("good samples");
    std::thread::scope(|scope| {
        for caller in 0..8 {
            let (detector, rows, serial) = (&detector, &rows, &serial);
            scope.spawn(move || {
                for start in (caller..250).step_by(11) {
                    let part = detector.detect(rows.slice_axis(Axis(0), (start..start + 50).into()));
                    let part = part.expect("good samples");
                    assert_eq!(part.scores, serial.scores.slice(s![start..start + 50]));
                    assert_eq!(part.are_anomalies, serial.are_anomalies[start..start + 50]);
                }
            });
        }
    });
}
