//! The bundle of a classifier or regressor, and its distinction from the bundle of an autoencoder.

use std::{collections::BTreeSet, fs};

use narrows_bundle::{
    AnyBundle, Bundle, BundleError, ClassifierBundle, ClassifierKind, ClassifierManifest, Contract, ElementType,
    FileRecord, HEAD, HeadProbe, Kind, PROBE, Role, ndarray::ArrayD,
};

use crate::support::{autoencoder, classifier, classifier_manifest, written};

#[test]
fn both_kinds_round_trip_through_a_folder_and_a_packed_file() {
    for (kind, end_to_end, outputs) in [
        (ClassifierKind::Classifier, "classifier.onnx", &["logits", "probabilities"][..]),
        (ClassifierKind::Regressor, "regressor.onnx", &["prediction"]),
    ] {
        let folder = classifier(kind);
        let bundle = ClassifierBundle::open(folder.path().join("model")).expect("a good bundle");
        let bytes = bundle.pack().expect("a good bundle");
        let packed = ClassifierBundle::from_bytes(&bytes).expect("just packed");
        assert_eq!(packed.manifest(), bundle.manifest());
        assert_eq!(packed.pack().expect("a good bundle"), bytes);
        let names: BTreeSet<_> = packed.files().map(|(name, _)| name).collect();
        assert_eq!(names, BTreeSet::from([HEAD, PROBE, end_to_end]));
        let probe = bundle.probe().expect("there");
        assert_eq!(probe.outputs.keys().collect::<Vec<_>>(), outputs);
        assert_eq!(packed.probe().expect("packed"), probe);
        for ports in bundle.manifest().graphs() {
            assert_eq!(packed.graph(ports).expect("packed"), bundle.graph(ports).expect("there"));
            assert_eq!(ports.outputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>(), outputs);
        }
    }
}

#[test]
fn the_error_for_the_wrong_bundle_type_says_how_to_open_it() {
    let (model, other) = (autoencoder(Kind::Vae), classifier(ClassifierKind::Classifier));
    let regressor = classifier(ClassifierKind::Regressor);
    let [vae, classifier, regressor] = [model, other, regressor].map(|folder| (folder.path().join("model"), folder));
    let description = |error: BundleError| error.to_string().splitn(3, '`').last().unwrap_or_default().to_owned();
    assert_eq!(
        description(Bundle::open(&classifier.0).expect_err("a classifier")),
        " is a classifier: open it with Classifier::open or run `narrows classify`"
    );
    assert_eq!(
        description(Bundle::open(&regressor.0).expect_err("a regressor")),
        " is a regressor: open it with Classifier::open or run `narrows classify`"
    );
    assert_eq!(
        description(ClassifierBundle::open(&vae.0).expect_err("an autoencoder")),
        " is an autoencoder (vae): open it with Autoencoder::open or run `narrows encode`"
    );
    let packed = ClassifierBundle::open(&classifier.0).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let error = Bundle::from_bytes(&packed).expect_err("a classifier").to_string();
    assert_eq!(error, "`packed bundle` is a classifier: open it with Classifier::open or run `narrows classify`");
}

#[test]
fn any_bundle_opens_both_types() {
    let (model, head) = (autoencoder(Kind::Vae), classifier(ClassifierKind::Regressor));
    let [vae, regressor] = [&model, &head].map(|folder| folder.path().join("model"));
    let packed = [
        Bundle::open(&vae).and_then(|bundle| bundle.pack()).expect("a good bundle"),
        ClassifierBundle::open(&regressor).and_then(|bundle| bundle.pack()).expect("a good bundle"),
    ];
    let files = [model.path().join("vae"), head.path().join("regressor")];
    files.iter().zip(packed).for_each(|(file, bytes)| fs::write(file, bytes).expect("a writable folder"));
    for path in [&vae, &files[0]] {
        assert!(matches!(AnyBundle::open(path), Ok(AnyBundle::Autoencoder(bundle)) if bundle.path() == path));
    }
    for path in [&regressor, &files[1]] {
        assert!(matches!(AnyBundle::open(path), Ok(AnyBundle::Transferred(bundle)) if bundle.path() == path));
    }
    assert!(matches!(AnyBundle::open(model.path().join("none")), Err(BundleError::Missing { .. })));
    for (text, expected) in
        [("{}", "missing field"), ("[", "is not a manifest"), ("{\"kind\": 7}", "is not a manifest")]
    {
        fs::write(regressor.join("manifest.json"), text).expect("a writable folder");
        let error = AnyBundle::open(&regressor).expect_err(text).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_probe_that_contradicts_its_manifest_is_refused_when_it_is_read() {
    let manifest = classifier_manifest(ClassifierKind::Classifier);
    let zeros = |shape: &[usize]| ArrayD::<f32>::zeros(shape);
    let probe = HeadProbe {
        samples: zeros(&[2, 2, 3]),
        codes: zeros(&[2, 2]),
        outputs: [("logits".to_owned(), zeros(&[2, 3]))].into(),
    };
    let folder = written(manifest, &[(PROBE, probe.to_bytes().expect("a file"))]);
    let bundle = ClassifierBundle::open(folder.path().join("model")).expect("a good manifest");
    let error = bundle.probe().expect_err("no probabilities").to_string();
    assert!(error.ends_with("probe.safetensors` cannot be used: it has no tensor `probabilities`"), "{error}");
}

#[test]
fn fine_tuned_is_written_only_if_true_and_defaults_to_false() {
    let mut manifest = classifier_manifest(ClassifierKind::Classifier);
    let text = |manifest: &ClassifierManifest| serde_json::to_string(manifest).expect("JSON");
    assert!(!text(&manifest).contains("fine_tuned"));
    assert_eq!(serde_json::from_str::<ClassifierManifest>(&text(&manifest)).expect("JSON"), manifest);
    manifest.encoder.fine_tuned = true;
    let parsed: ClassifierManifest = serde_json::from_str(&text(&manifest)).expect("JSON");
    assert!(parsed.encoder.fine_tuned);
}

#[test]
fn the_default_ports_are_consistent_and_the_error_names_every_contradiction() {
    type Corrupt = fn(&mut ClassifierManifest);
    let of_classifier: [(&str, Corrupt); 12] = [
        ("with 1 classes and 0 targets, expected at least 2", |manifest| manifest.classes = Some(vec!["a".to_owned()])),
        ("with 0 classes", |manifest| manifest.classes = None),
        ("with 3 classes and 3 targets", |manifest| manifest.targets = Some(3)),
        ("a regressor with 0 targets and 3 classes", |manifest| manifest.kind = ClassifierKind::Regressor),
        ("the inputs of its head", |manifest| manifest.graphs.head.inputs[0].role = Role::Sample),
        ("the inputs of its end-to-end graph", |manifest| manifest.graphs.end_to_end.inputs.clear()),
        ("the outputs of its head", |manifest| drop(manifest.graphs.head.outputs.pop())),
        ("the outputs of its end-to-end graph", |manifest| manifest.graphs.end_to_end.outputs.reverse()),
        ("port `logits`", |manifest| manifest.classes.iter_mut().for_each(|classes| drop(classes.pop()))),
        ("port `probabilities`", |manifest| manifest.graphs.end_to_end.outputs[1].dtype = ElementType::I64),
        ("its encoder is a cvae", |manifest| manifest.encoder.kind = Kind::Cvae),
        ("the range of its samples", |manifest| manifest.sample.range.0 = f32::INFINITY),
    ];
    let of_regressor: [(&str, Corrupt); 6] = [
        ("a regressor with 0 targets and 0 classes", |manifest| manifest.targets = None),
        ("a regressor with 0 targets", |manifest| manifest.targets = Some(0)),
        ("a classifier with 0 classes and 3 targets", |manifest| manifest.kind = ClassifierKind::Classifier),
        ("port `prediction`", |manifest| manifest.targets = Some(4)),
        ("port `z`", |manifest| manifest.latent_dim = 5),
        ("`../x`", |manifest| {
            manifest.files.insert("../x".to_owned(), FileRecord { bytes: 0, sha256: String::new() });
        }),
    ];
    let tables = [(ClassifierKind::Classifier, &of_classifier[..]), (ClassifierKind::Regressor, &of_regressor)];
    for (kind, defects) in tables {
        assert_eq!(classifier_manifest(kind).check(), Ok(()), "{kind}");
        for (expected, corrupt) in defects {
            let mut bad = classifier_manifest(kind);
            corrupt(&mut bad);
            let error = bad.check().expect_err(expected);
            assert!(error.contains(expected), "`{error}` should mention `{expected}`");
        }
    }
}

#[test]
fn a_changed_or_newer_manifest_is_refused() {
    let folder = classifier(ClassifierKind::Regressor);
    let path = folder.path().join("model");
    let text = fs::read_to_string(path.join("manifest.json")).expect("a manifest");
    let refusal = |text: String| {
        fs::write(path.join("manifest.json"), text).expect("a writable folder");
        ClassifierBundle::open(&path).expect_err("a changed manifest").to_string()
    };
    assert!(refusal(text.replace("\"train_rows\": 1", "\"train_rows\": 2")).contains("does not match its own digest"));
    assert!(refusal(text.replace("\"format\": 1", "\"format\": 2")).contains("format 2, this version reads format 1"));
    assert!(refusal(text.replace("\"regressor\"", "\"oracle\"")).contains("unknown variant `oracle`"));
}
