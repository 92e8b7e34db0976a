//! The detector of a bundle: its files, and what its record must say.

use narrows_bundle::{
    Bundle, BundleError, CALIBRATION, Calibration, DETECTOR, DETECTOR_PROBE, DetectorProbe, DetectorRecord, Kind,
    Manifest, Setting,
    ndarray::{Array1, array},
};

use crate::support::{autoencoder, graph, with_detector, written};

#[test]
fn a_detector_round_trips_through_a_folder_and_a_packed_file() {
    for kind in [Kind::Ae, Kind::Cvae] {
        let (manifest, files) = with_detector(kind);
        let folder = written(manifest, &files);
        let bundle = Bundle::open(folder.path().join("model")).expect("a good bundle");
        let packed = Bundle::from_bytes(&bundle.pack().expect("a good bundle")).expect("just packed");
        for bundle in [&bundle, &packed] {
            let record = bundle.manifest().detector.as_ref().expect("a detector");
            assert!(bundle.graph(&record.graph).is_ok());
            assert_eq!(bundle.detector_probe().expect("there").are_anomalies, [false, true]);
            assert_eq!(bundle.calibration().expect("there").scores, Array1::from(vec![0.5, 1.0, 2.0]));
        }
    }
    let folder = autoencoder(Kind::Ae);
    let plain = Bundle::open(folder.path().join("model")).expect("a good bundle");
    assert!(matches!(plain.detector_probe(), Err(BundleError::Invalid { .. })));
}

/// Returns the message for a bundle whose record was changed.
fn message(change: impl Fn(&mut DetectorRecord)) -> String {
    let (mut manifest, files) = with_detector(Kind::Ae);
    change(manifest.detector.as_mut().expect("a detector"));
    opened(manifest, &files).expect_err("a contradiction").to_string()
}

fn opened(manifest: Manifest, files: &[(&str, Vec<u8>)]) -> Result<Bundle, BundleError> {
    let folder = written(manifest, files);
    Bundle::open(folder.path().join("model"))
}

#[test]
fn a_record_that_contradicts_itself_is_refused_with_what_is_wrong() {
    type Change = fn(&mut DetectorRecord);
    let changes: [(&str, Change); 9] = [
        ("expected the setting `level`", |record| record.graph.settings.clear()),
        ("expected the setting `level`", |record| record.graph.settings[0].default = 0.02),
        ("expected the setting `level`", |record| {
            record.graph.settings.push(Setting { name: "other".to_owned(), default: 0.0 })
        }),
        ("expected a level in (0, 1)", |record| {
            record.level = 1.0;
            record.graph.settings[0].default = 1.0;
        }),
        ("contamination 0.5", |record| record.contamination = 0.5),
        ("calibrated on 0", |record| record.calibration_rows = 0),
        ("outputs of its detector", |record| drop(record.graph.outputs.remove(2))),
        ("port `share`", |record| record.graph.outputs[3].shape = vec![6]),
        ("expected `detector.onnx`", |record| record.graph.file = "encoder.onnx".to_owned()),
    ];
    for (expected, change) in changes {
        let message = message(change);
        assert!(message.contains(expected), "`{message}` should mention `{expected}`");
    }
}

#[test]
fn a_missing_file_and_files_without_a_record_are_refused() {
    for missing in [DETECTOR, DETECTOR_PROBE, CALIBRATION] {
        let (manifest, mut files) = with_detector(Kind::Ae);
        files.retain(|(name, _)| *name != missing);
        let message = opened(manifest, &files).expect_err("a missing file").to_string();
        assert!(message.contains(missing), "{message}");
    }
    let (mut manifest, files) = with_detector(Kind::Ae);
    manifest.detector = None;
    let message = opened(manifest, &files).expect_err("no record").to_string();
    assert!(message.contains("has no record of a detector"), "{message}");
}

#[test]
fn a_graph_with_another_default_level_or_without_one_is_refused() {
    type Change = fn(&mut DetectorRecord);
    let graphs: [(&str, Change); 3] = [
        ("is not 0.01", |record| record.graph.settings[0].default = 0.02),
        ("setting", |record| record.graph.settings[0].name = "rate".to_owned()),
        ("`x`", |record| record.graph.settings.clear()),
    ];
    for (expected, change) in graphs {
        let (manifest, mut files) = with_detector(Kind::Ae);
        let mut other = manifest.detector.clone().expect("a detector");
        change(&mut other);
        let at = files.iter().position(|(name, _)| *name == DETECTOR).expect("listed");
        files[at].1 = graph(&other.graph);
        let folder = written(manifest, &files);
        let bundle = Bundle::open(folder.path().join("model")).expect("a good manifest");
        let record = bundle.manifest().detector.clone().expect("a detector");
        let message = bundle.graph(&record.graph).expect_err("another graph").to_string();
        assert!(message.contains(expected) && message.contains(DETECTOR), "{message}");
    }
}

#[test]
fn quantiles_out_of_order_or_of_other_columns_are_refused() {
    let (path, one) = (std::path::Path::new("c"), Array1::from(vec![1.0]));
    for scores in [vec![2.0, 1.0], vec![f32::NAN], vec![], vec![f32::INFINITY]] {
        let bytes = Calibration { scores: Array1::from(scores), columns: None }.to_bytes().expect("valid shapes");
        let message = Calibration::from_bytes(path, &bytes).expect_err("no quantiles").to_string();
        assert!(message.contains("ascending order"), "{message}");
    }
    let (manifest, mut files) = with_detector(Kind::Ae);
    let other = Calibration { scores: one, columns: Some(array![[1.0, 2.0]]) }.to_bytes().expect("valid shapes");
    files.last_mut().expect("a calibration").1 = other;
    let bundle = opened_in_place(manifest, &files);
    assert!(bundle.contains("quantiles of 1 columns, but a sample has 6 values"), "{bundle}");
}

fn opened_in_place(manifest: Manifest, files: &[(&str, Vec<u8>)]) -> String {
    let folder = written(manifest, files);
    let bundle = Bundle::open(folder.path().join("model")).expect("a good manifest");
    bundle.calibration().expect_err("other columns").to_string()
}

#[test]
fn a_probe_with_another_number_of_labels_is_refused() {
    let (_, files) = with_detector(Kind::Ae);
    let bytes = &files.iter().find(|(name, _)| *name == DETECTOR_PROBE).expect("listed").1;
    let mut probe = DetectorProbe::from_bytes(std::path::Path::new("p"), bytes).expect("just written");
    probe.are_anomalies.push(true);
    let bytes = probe.to_bytes().expect("valid shapes");
    let message = DetectorProbe::from_bytes(std::path::Path::new("p"), &bytes).expect_err("a row too many").to_string();
    assert!(message.contains("different numbers of rows"), "{message}");
}
