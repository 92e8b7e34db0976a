//! The bundle of a classifier or regressor, and how it is told from an autoencoder's.

use std::fs;

use narrows_bundle::{
    Bundle, ClassifierBundle, ClassifierKind, ClassifierManifest, Contract, ElementType, FileRecord, HEAD, Kind, Role,
};

use crate::support::{autoencoder, classifier, classifier_manifest};

#[test]
fn both_kinds_come_back_from_a_folder_and_packed() {
    for (kind, whole, outputs) in [
        (ClassifierKind::Classifier, "classifier.onnx", &["logits", "probabilities"][..]),
        (ClassifierKind::Regressor, "regressor.onnx", &["prediction"]),
    ] {
        let folder = classifier(kind);
        let bundle = ClassifierBundle::open(folder.path().join("model")).expect("a good bundle");
        let bytes = bundle.pack().expect("a good bundle");
        let packed = ClassifierBundle::from_bytes(&bytes).expect("just packed");
        assert_eq!(packed.manifest(), bundle.manifest());
        assert_eq!(packed.pack().expect("whole"), bytes);
        let mut names: Vec<_> = packed.files().map(|(name, _)| name).collect();
        names.sort_by_key(|name| *name != HEAD);
        assert_eq!(names, [HEAD, whole]);
        for ports in bundle.manifest().graphs() {
            assert_eq!(packed.graph(ports).expect("packed"), bundle.graph(ports).expect("there"));
            assert_eq!(ports.outputs.iter().map(|port| port.name.as_str()).collect::<Vec<_>>(), outputs);
        }
    }
}

#[test]
fn the_wrong_sort_is_told_with_what_opens_it() {
    let (model, other) = (autoencoder(Kind::Vae), classifier(ClassifierKind::Classifier));
    let regressor = classifier(ClassifierKind::Regressor);
    let [vae, classifier, regressor] = [model, other, regressor].map(|folder| (folder.path().join("model"), folder));
    let told = |error: narrows_bundle::BundleError| error.to_string().rsplit('`').next().unwrap_or_default().to_owned();
    assert_eq!(
        told(Bundle::open(&classifier.0).expect_err("a classifier")),
        " is a classifier: open it with Classifier::open"
    );
    assert_eq!(
        told(Bundle::open(&regressor.0).expect_err("a regressor")),
        " is a regressor: open it with Classifier::open"
    );
    assert_eq!(
        told(ClassifierBundle::open(&vae.0).expect_err("an autoencoder")),
        " is an autoencoder (vae): open it with Autoencoder::open"
    );
    let packed = ClassifierBundle::open(&classifier.0).and_then(|bundle| bundle.pack()).expect("a good bundle");
    let error = Bundle::from_bytes(&packed).expect_err("a classifier").to_string();
    assert_eq!(error, "`packed bundle` is a classifier: open it with Classifier::open");
}

#[test]
fn the_port_table_makes_a_consistent_manifest_and_every_contradiction_is_named() {
    type Spoil = fn(&mut ClassifierManifest);
    let of_classifier: [(&str, Spoil); 12] = [
        ("with 1 classes and 0 targets, expected at least 2", |manifest| manifest.classes = Some(vec!["a".to_owned()])),
        ("with 0 classes", |manifest| manifest.classes = None),
        ("with 3 classes and 3 targets", |manifest| manifest.targets = Some(3)),
        ("a regressor with 0 targets and 3 classes", |manifest| manifest.kind = ClassifierKind::Regressor),
        ("the inputs of its head", |manifest| manifest.graphs.head.inputs[0].role = Role::Sample),
        ("the inputs of its whole", |manifest| manifest.graphs.whole.inputs.clear()),
        ("the outputs of its head", |manifest| drop(manifest.graphs.head.outputs.pop())),
        ("the outputs of its whole", |manifest| manifest.graphs.whole.outputs.reverse()),
        ("port `logits`", |manifest| manifest.classes.iter_mut().for_each(|classes| drop(classes.pop()))),
        ("port `probabilities`", |manifest| manifest.graphs.whole.outputs[1].dtype = ElementType::I64),
        ("its encoder is a cvae", |manifest| manifest.encoder.kind = Kind::Cvae),
        ("range from", |manifest| manifest.sample.range.0 = f32::INFINITY),
    ];
    let of_regressor: [(&str, Spoil); 6] = [
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
        for (expected, spoil) in defects {
            let mut bad = classifier_manifest(kind);
            spoil(&mut bad);
            let error = bad.check().expect_err(expected);
            assert!(error.contains(expected), "{error} should mention {expected}");
        }
    }
}

#[test]
fn a_changed_manifest_and_a_newer_one_are_refused_as_an_autoencoders_is() {
    let folder = classifier(ClassifierKind::Regressor);
    let path = folder.path().join("model");
    let text = fs::read_to_string(path.join("manifest.json")).expect("a manifest");
    let refusal = |text: String| {
        fs::write(path.join("manifest.json"), text).expect("a writable folder");
        ClassifierBundle::open(&path).expect_err("spoilt").to_string()
    };
    assert!(refusal(text.replace("\"train_rows\": 1", "\"train_rows\": 2")).contains("does not have the digest"));
    assert!(refusal(text.replace("\"format\": 1", "\"format\": 2")).contains("format 2, this version reads format 1"));
    assert!(refusal(text.replace("\"regressor\"", "\"oracle\"")).contains("unknown variant `oracle`"));
}
