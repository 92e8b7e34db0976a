//! Parity checks and verification of anomaly detectors.

use std::fs;

use narrows_runtime::{
    Check, Detector, Error, Options,
    bundle::{Bundle, CALIBRATION, DETECTOR, DETECTOR_PROBE, Kind},
    ndarray::ArrayD,
    proof::{BATCH_SIZES, DETECTOR_TOLERANCE, prove_detector},
    verify,
};

mod support;

use support::detector::{DetectorDraft, detector_fixture, modified_detector};

fn failed(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

fn check<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).expect("a check with this name")
}

#[test]
fn a_good_detector_of_every_kind_passes_all_checks() {
    for kind in Kind::ALL {
        let fixture = detector_fixture(kind);
        let bundle = Bundle::open(fixture.path()).expect("a good bundle");
        let detector = Detector::from_bundle(&bundle, &Options::default()).expect("a good bundle");
        let parity = prove_detector(&detector, &bundle.detector_probe().expect("a probe")).expect("a probe that fits");
        assert!(parity.holds(), "{parity:?}");
        assert_eq!((parity.batch_sizes.as_slice(), parity.rows), (BATCH_SIZES.as_slice(), 29));
        assert_eq!((parity.score.tolerance, parity.label_flips), (DETECTOR_TOLERANCE, 0));
        // With labels, no row has the threshold as its score.
        assert_eq!(parity.near_rows, usize::from(!kind.is_conditional()));

        let checks = verify(fixture.path(), &Options::default());
        assert_eq!(failed(&checks), [""; 0], "{checks:?}");
        let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        let of_detector = ["graph", "placement", "parity", "p-values", "labels", "calibration"]
            .map(|name| format!("detector {name}"));
        assert_eq!(names[names.len() - 6..], of_detector);
        for file in [DETECTOR, DETECTOR_PROBE, CALIBRATION] {
            assert!(names.contains(&format!("file {file}").as_str()));
        }
    }
    let checks = verify(detector_fixture(Kind::Ae).path(), &Options::default());
    let detail = |name: &str| check(&checks, name).detail.as_str();
    assert_eq!(detail("detector graph"), "takes `x`, returns `score`, `p_value`, `is_anomaly`, `share`, `x_hat`");
    assert_eq!(detail("detector labels"), "0 of 29 rows differ, 1 is within 1e-4 of the threshold 18");
    assert_eq!(detail("detector calibration"), "19 quantiles of the scores, quantiles of 6 columns");
}

#[test]
fn one_label_that_flips_is_counted_once_and_fails_the_check_of_labels_alone() {
    for row in [0, 13, 28] {
        let fixture = modified_detector(Kind::Cvae, |draft| {
            let label = &mut draft.probe.are_anomalies[row];
            *label = !*label;
        });
        let checks = verify(fixture.path(), &Options::default());
        assert_eq!(failed(&checks), ["detector labels"]);
        assert_eq!(check(&checks, "detector labels").figure, Some(1.0));
        assert!(check(&checks, "detector labels").detail.starts_with("1 of 29 rows differ"));
    }
}

#[test]
fn a_score_is_compared_relative_to_the_threshold() {
    type Modify = fn(&mut DetectorDraft);
    let cases: [(Modify, &[&str], f64); 5] = [
        (|draft| draft.probe.scores[2] += 9e-4, &[], 5e-5),
        (|draft| draft.probe.scores[2] += 9e-3, &["detector parity"], 5e-4),
        (|draft| draft.probe.scores[2] = f32::NAN, &["detector parity"], f64::INFINITY),
        (|draft| draft.record.threshold = 0.0, &["detector labels"], 0.0),
        (|draft| draft.probe.p_values[2] += 0.5, &["detector p-values"], 0.0),
    ];
    for (modify, expected, difference) in cases {
        let checks = verify(modified_detector(Kind::Ae, modify).path(), &Options::default());
        assert_eq!(failed(&checks), expected);
        let figure = check(&checks, "detector parity").figure.expect("a figure");
        assert!(figure == difference || (figure - difference).abs() < 1e-6, "{figure}, expected {difference}");
    }
}

#[test]
fn a_probe_that_does_not_fit_the_graph_names_the_tensor() {
    let fixture = detector_fixture(Kind::Cvae);
    let bundle = Bundle::open(fixture.path()).expect("a good bundle");
    let detector = Detector::from_bundle(&bundle, &Options::default()).expect("a good bundle");
    let probe = bundle.detector_probe().expect("a probe");
    let text = |outcome: Result<_, Error>| outcome.map(|_| ()).expect_err("an error").to_string();

    let mut wide = probe.clone();
    wide.samples = ArrayD::zeros(vec![29, 3, 3]);
    assert_eq!(
        text(prove_detector(&detector, &wide)),
        "probe tensor `x` should have shape [29, 2, 3], but has [29, 3, 3] (export the model again)"
    );
    let mut unlabelled = probe.clone();
    unlabelled.labels = None;
    assert!(matches!(prove_detector(&detector, &unlabelled), Err(Error::LabelsMissing { .. })));
    let detector = detector.at_level(0.2).expect("a level");
    assert_eq!(
        text(prove_detector(&detector, &probe)),
        "`level` is 0.2, expected the level of the detector's record (do not call at_level)"
    );
}

#[test]
fn a_damaged_file_fails_every_check_that_needs_it() {
    let cases: [(&str, &[&str]); 3] = [
        (
            DETECTOR,
            &[
                "file detector.onnx",
                "detector graph",
                "detector placement",
                "detector parity",
                "detector p-values",
                "detector labels",
            ],
        ),
        (
            DETECTOR_PROBE,
            &["file detector-probe.safetensors", "detector parity", "detector p-values", "detector labels"],
        ),
        (CALIBRATION, &["file calibration.safetensors", "detector calibration"]),
    ];
    for (file, expected) in cases {
        let fixture = detector_fixture(Kind::Ae);
        let path = fixture.path().join(file);
        let mut bytes = fs::read(&path).expect("a file");
        bytes.truncate(bytes.len() / 2);
        fs::write(path, bytes).expect("a writable folder");
        assert_eq!(failed(&verify(fixture.path(), &Options::default())), expected);
    }
}
