//! Classifiers and regressors: hand-written bundles, held against the same formulas in plain Rust.

use std::{collections::BTreeMap, path::PathBuf};

use narrows_runtime::{
    Autoencoder, Classifier, Codes, Error, Options, Samples,
    bundle::{
        ClassifierBundle, ClassifierKind, ClassifierManifest, ClassifierPorts, EncoderRecord, FORMAT, Kind, Sample,
        SampleType, Stage,
    },
    ndarray::{Array1, Array2, Array3, Axis},
};
use prost::Message;
use tempfile::TempDir;

mod support;

use support::{Builder, CLASSES, FEATURES, Fixture, LATENT, SHAPE, assert_close, linear, mean_of, samples, training};

/// Layer of the weights of the head.
const HEAD: usize = 4;
const OUTPUTS: usize = 3;

fn written(kind: ClassifierKind) -> (TempDir, PathBuf) {
    let graphs = ClassifierPorts::of(kind, &SHAPE, LATENT, OUTPUTS);
    let head = |mut graph: Builder, code: &str| match kind {
        ClassifierKind::Classifier => {
            graph.linear(HEAD, Kind::Ae, code, "logits", [LATENT, OUTPUTS]);
            graph.node("Softmax", &["logits"], "probabilities", &[("axis", 1)]);
            graph
        }
        ClassifierKind::Regressor => {
            graph.linear(HEAD, Kind::Ae, code, "prediction", [LATENT, OUTPUTS]);
            graph
        }
    };
    let mut encoder = Builder::default();
    encoder.node("Flatten", &["x"], "flat", &[("axis", 1)]);
    encoder.linear(1, Kind::Ae, "flat", "code", [FEATURES, LATENT]);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("bundle");
    let mut stage = Stage::begin(&path).expect("an empty place");
    let files = [(&graphs.whole, head(encoder, "code")), (&graphs.head, head(Builder::default(), "z"))];
    for (ports, graph) in files {
        stage.write(&ports.file, &graph.model(ports).encode_to_vec()).expect("a writable folder");
    }
    let mut manifest = ClassifierManifest {
        format: FORMAT,
        digest: String::new(),
        kind,
        sample: Sample { shape: SHAPE.to_vec(), dtype: SampleType::F32, range: (0.0, 4.0), columns: None, fill: None },
        latent_dim: LATENT,
        classes: (kind == ClassifierKind::Classifier).then(|| CLASSES.map(str::to_owned).to_vec()),
        targets: (kind == ClassifierKind::Regressor).then_some(OUTPUTS),
        encoder: EncoderRecord { kind: Kind::Ae, digest: "0".repeat(64) },
        graphs,
        training: training(),
        parity: None,
        files: BTreeMap::new(),
    };
    stage.write_manifest(&mut manifest).expect("a writable folder");
    stage.publish().expect("an empty place");
    (folder, path)
}

/// What the head's linear layer makes of these samples.
fn expected(samples: &Array3<f32>) -> Array2<f32> {
    linear(HEAD, Kind::Ae, &mean_of(Kind::Ae, samples, &[]), &[], OUTPUTS)
}

fn softmax(logits: &Array2<f32>) -> Array2<f32> {
    let weights = logits.mapv(f32::exp);
    let sums: Array1<f32> = weights.sum_axis(Axis(1));
    weights / sums.insert_axis(Axis(1))
}

#[test]
fn a_classifier_tells_classes_from_samples_and_from_codes() {
    let (_folder, path) = written(ClassifierKind::Classifier);
    let packed = ClassifierBundle::open(&path).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let rows = samples(9);
    let (logits, probabilities) = (expected(&rows), softmax(&expected(&rows)));
    for model in [Classifier::open(&path), Classifier::open_bytes(&packed, &Options::default())] {
        let model = model.expect("a good bundle");
        assert_eq!((model.kind(), model.classes()), (ClassifierKind::Classifier, &CLASSES.map(str::to_owned)[..]));
        assert_close(&model.logits(&rows).expect("good samples"), &logits);
        assert_close(&model.probabilities(&rows).expect("good samples"), &probabilities);
        let best = |row: narrows_runtime::ndarray::ArrayView1<'_, f32>| {
            (0..OUTPUTS).max_by(|&one, &other| row[one].total_cmp(&row[other])).expect("three classes")
        };
        let labels: Vec<usize> = logits.outer_iter().map(best).collect();
        assert_eq!(model.classify(&rows).expect("good samples"), labels);
        assert!(labels.iter().any(|label| *label != labels[0]), "rows of one class show nothing: {labels:?}");

        let codes = mean_of(Kind::Ae, &rows, &[]);
        assert_close(&model.head(&codes).expect("good codes"), &probabilities);
    }
}

#[test]
fn a_regressor_predicts_numbers_from_samples_and_from_codes() {
    let (_folder, path) = written(ClassifierKind::Regressor);
    let (model, rows) = (Classifier::open(path).expect("a good bundle"), samples(9));
    assert_close(&model.predict(&rows).expect("good samples"), &expected(&rows));
    assert_close(&model.head(&mean_of(Kind::Ae, &rows, &[])).expect("good codes"), &expected(&rows));
    assert!(model.classes().is_empty());
}

#[test]
fn what_a_kind_cannot_tell_is_refused_with_what_it_can_and_the_handle_goes_on() {
    let (_classifier, path) = written(ClassifierKind::Classifier);
    let classifier = Classifier::open(path).expect("a good bundle");
    let (_regressor, path) = written(ClassifierKind::Regressor);
    let regressor = Classifier::open(path).expect("a good bundle");
    let rows = samples(2);
    let text = |error: Error| error.to_string();
    assert_eq!(
        classifier.predict(&rows).map_err(text),
        Err("this is a classifier: use classify, probabilities or logits".to_owned())
    );
    assert_eq!(regressor.classify(&rows).map_err(text), Err("this is a regressor: use predict".to_owned()));
    assert_eq!(
        classifier.logits(Samples::from(&rows).labelled(&[0, 1])).map_err(text),
        Err("this classifier takes no labels here, 2 were given (leave out `labelled`)".to_owned())
    );
    let codes = Array2::zeros((1, LATENT));
    assert!(matches!(
        regressor.head(Codes::from(&codes).labelled(&[0])),
        Err(Error::LabelsUnexpected { kind: "regressor", .. })
    ));
    assert!(matches!(classifier.head(&Array2::zeros((1, 5))), Err(Error::Shape { .. })));
    let mut gap = rows.clone();
    gap[[1, 0, 2]] = f32::NAN;
    assert!(matches!(classifier.classify(&gap), Err(Error::NotFinite { row: 1, .. })));
    assert_eq!(classifier.classify(&samples(0)).expect("no samples"), [0; 0]);
    assert_close(&classifier.logits(&rows).expect("good samples"), &expected(&rows));
}

#[test]
fn each_sort_of_bundle_names_what_opens_it() {
    let (_folder, path) = written(ClassifierKind::Classifier);
    let error = Autoencoder::open(path).expect_err("a classifier").to_string();
    assert!(error.ends_with("is a classifier: open it with Classifier::open"), "{error}");
    let error = Classifier::open(Fixture::new(Kind::Vae).path()).expect_err("an autoencoder").to_string();
    assert!(error.ends_with("is an autoencoder (vae): open it with Autoencoder::open"), "{error}");
}
