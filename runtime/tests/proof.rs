//! Parity checks and verification of autoencoder bundles.

use std::fs;

use narrows_runtime::{
    Autoencoder, Check, Error, Options,
    bundle::{Bundle, ENCODER, Kind, MANIFEST, PROBE},
    proof::{BATCH_SIZES, DECODER_TOLERANCE, ENCODER_TOLERANCE, prove},
    verify,
};

mod support;

use support::{Draft, Fixture};

fn failed(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

#[test]
fn a_good_bundle_of_every_kind_passes_all_checks() {
    for kind in Kind::ALL {
        let fixture = Fixture::new(kind);
        let bundle = Bundle::open(fixture.path()).expect("a good bundle");
        let model = Autoencoder::from_bundle(&bundle, &Options::default()).expect("a good bundle");
        let parity = prove(&model, &bundle.probe().expect("a probe")).expect("a probe that fits");
        assert!(parity.encoder.holds() && parity.decoder.holds(), "{parity:?}");
        assert_eq!(parity.batch_sizes, BATCH_SIZES);
        assert_eq!((parity.encoder.tolerance, parity.decoder.tolerance), (ENCODER_TOLERANCE, DECODER_TOLERANCE * 4.0));

        let checks = verify(fixture.path(), &Options::default());
        assert_eq!(failed(&checks), [""; 0], "{checks:?}");
        let names: Vec<_> = checks.iter().map(|check| check.name.as_str()).collect();
        let expected = [
            "manifest",
            "file decoder.onnx",
            "file encoder.onnx",
            "file probe.safetensors",
            "engine",
            "encoder graph",
            "decoder graph",
            "encoder placement",
            "decoder placement",
            "encoder parity",
            "decoder parity",
        ];
        assert_eq!(names, expected);
    }
}

#[test]
fn one_changed_value_in_the_probe_fails_the_parity_check_with_the_measured_difference() {
    type Modify = fn(&mut Draft);
    let cases: [(Modify, &str, f64); 4] = [
        (|draft| change_last(draft.probe.encoded.get_mut("mu"), 0.5), "encoder parity", 0.5),
        (|draft| change_last(draft.probe.encoded.get_mut("log_var"), 2e-4), "encoder parity", 2e-4),
        (|draft| change_last(draft.probe.decoded.get_mut("x_hat"), 1e-3), "decoder parity", 1e-3),
        (|draft| change_last(draft.probe.decoded.get_mut("x_hat"), f32::NAN), "decoder parity", f64::INFINITY),
    ];
    for (modify, name, expected) in cases {
        let checks = verify(Fixture::modified(Kind::Cvae, modify).path(), &Options::default());
        assert_eq!(failed(&checks), [name]);
        let figure = checks.iter().find(|check| !check.ok).and_then(|check| check.figure).expect("a figure");
        assert!(figure == expected || (figure - expected).abs() < 2e-5, "{figure}, expected {expected}");
    }
}

/// Changes the last value of the last row.
fn change_last(array: Option<&mut narrows_runtime::ndarray::ArrayD<f32>>, by: f32) {
    *array.expect("an output").last_mut().expect("not empty") += by;
}

#[test]
fn all_failures_are_collected_and_each_graph_is_checked_independently() {
    let fixture = Fixture::new(Kind::Vae);
    let path = fixture.path().join(ENCODER);
    let mut bytes = fs::read(&path).expect("a file");
    bytes.push(0);
    fs::write(path, bytes).expect("a writable folder");
    let checks = verify(fixture.path(), &Options::default());
    assert_eq!(failed(&checks), ["file encoder.onnx", "encoder graph", "encoder placement", "encoder parity"]);

    fs::remove_file(fixture.path().join(PROBE)).expect("a file");
    let checks = verify(fixture.path(), &Options::default());
    let expected = [
        "file encoder.onnx",
        "file probe.safetensors",
        "encoder graph",
        "encoder placement",
        "encoder parity",
        "decoder parity",
    ];
    assert_eq!(failed(&checks), expected);

    fs::write(fixture.path().join(MANIFEST), b"{}").expect("a writable folder");
    assert_eq!(failed(&verify(fixture.path(), &Options::default())), ["manifest"]);
    assert_eq!(failed(&verify("no/such/bundle", &Options::default())), ["manifest"]);
}

#[test]
fn the_error_for_a_probe_of_another_shape_names_the_tensor() {
    let fixture = Fixture::new(Kind::Cvae);
    let bundle = Bundle::open(fixture.path()).expect("a good bundle");
    let model = Autoencoder::from_bundle(&bundle, &Options::default()).expect("a good bundle");
    let probe = bundle.probe().expect("a probe");
    let text = |outcome: Result<_, Error>| outcome.map(|_| ()).expect_err("an error").to_string();

    let mut wide = probe.clone();
    wide.codes = narrows_runtime::ndarray::ArrayD::zeros(vec![5, 3]);
    assert_eq!(
        text(prove(&model, &wide)),
        "probe tensor `decoder.z` should have shape [5, 2], but has [5, 3] (export the model again)"
    );
    let mut missing = probe.clone();
    missing.encoded.remove("log_var");
    assert!(text(prove(&model, &missing)).contains("`log_var` should have shape [5, 2], but is missing"));
    let mut unlabelled = probe.clone();
    unlabelled.labels = None;
    assert!(matches!(prove(&model, &unlabelled), Err(Error::LabelsMissing { .. })));
    let mut empty = probe.clone();
    empty.samples = narrows_runtime::ndarray::ArrayD::zeros(vec![0, 2, 3]);
    empty.labels = Some(vec![]);
    assert!(text(prove(&model, &empty)).contains("`x` should have shape [1, 2, 3], but has [0, 2, 3]"));
    let mut mislabelled = probe;
    mislabelled.labels = Some(vec![0, 1, 2, 3, 0]);
    assert!(matches!(prove(&model, &mislabelled), Err(Error::LabelRange { row: 3, .. })));
}
