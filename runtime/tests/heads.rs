//! Parity checks and verification of bundles with a classifier or regressor.

use narrows_runtime::{
    Check, Classifier, Error, Options,
    bundle::{ClassifierBundle, ClassifierKind, Contract, onnx::Model},
    ndarray::ArrayD,
    placement,
    proof::{BATCH_SIZES, HEAD_TOLERANCE, prove_classifier},
    verify,
};

mod support;

use support::heads::{HeadDraft, HeadFixture};

const KINDS: [ClassifierKind; 2] = ClassifierKind::ALL;

fn checked(fixture: &HeadFixture) -> Vec<Check> {
    verify(fixture.path(), &Options::default())
}

fn failed(checks: &[Check]) -> Vec<&str> {
    checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

fn names(checks: &[Check]) -> Vec<&str> {
    checks.iter().map(|check| check.name.as_str()).collect()
}

/// Adds `by` to the last value of a weight tensor.
fn change_weight(graph: &mut Model, weight: &str, by: f32) {
    let constants = &mut graph.graph.as_mut().expect("a graph").initializer;
    let tensor = constants.iter_mut().find(|tensor| tensor.name == weight).expect("a weight");
    let last = tensor.raw_data.last_chunk_mut::<4>().expect("not empty");
    *last = (f32::from_le_bytes(*last) + by).to_le_bytes();
}

/// Adds `by` to the last value of a stored output.
fn change_output(draft: &mut HeadDraft, output: &str, by: f32) {
    *draft.probe.outputs.get_mut(output).and_then(|array| array.last_mut()).expect("an output") += by;
}

#[test]
fn a_good_bundle_of_both_kinds_passes_all_checks_in_a_folder_and_packed() {
    for kind in KINDS {
        let fixture = HeadFixture::new(kind);
        let bundle = ClassifierBundle::open(fixture.path()).expect("a good bundle");
        let model = Classifier::from_bundle(&bundle, &Options::default()).expect("a good bundle");
        let parity = prove_classifier(&model, &bundle.probe().expect("a probe")).expect("a probe that fits");
        assert!(parity.head.holds() && parity.end_to_end.holds(), "{parity:?}");
        assert_eq!(parity.batch_sizes, BATCH_SIZES);
        assert_eq!((parity.head.tolerance, parity.end_to_end.tolerance), (HEAD_TOLERANCE, HEAD_TOLERANCE));

        let checks = checked(&fixture);
        assert_eq!(failed(&checks), [""; 0], "{checks:?}");
        let mut files = ["head.onnx", "probe.safetensors"].map(str::to_owned).to_vec();
        files.push(format!("{kind}.onnx"));
        files.sort();
        let graphs = ["graph", "placement", "parity"].map(|check| [format!("head {check}"), format!("{kind} {check}")]);
        let files = files.iter().map(|file| format!("file {file}"));
        let expected: Vec<_> = ["manifest".to_owned()]
            .into_iter()
            .chain(files)
            .chain(["engine".to_owned()])
            .chain(graphs.concat())
            .collect();
        assert_eq!(names(&checks), expected);

        let packed = fixture.path().with_extension("narrows");
        std::fs::write(&packed, bundle.pack().expect("a good bundle")).expect("a writable folder");
        assert_eq!(verify(&packed, &Options::default()), checks);
    }
}

#[test]
fn a_changed_weight_fails_the_parity_check_of_its_graph() {
    type Modify = fn(&mut HeadDraft);
    let cases: [(ClassifierKind, Modify, &str); 5] = [
        (ClassifierKind::Classifier, |draft| change_weight(&mut draft.head, "logits.weight", 1e-2), "head parity"),
        (
            ClassifierKind::Classifier,
            |draft| change_weight(&mut draft.end_to_end, "logits.bias", 1e-2),
            "classifier parity",
        ),
        (
            ClassifierKind::Classifier,
            |draft| change_weight(&mut draft.end_to_end, "code.weight", 1e-2),
            "classifier parity",
        ),
        (ClassifierKind::Regressor, |draft| change_weight(&mut draft.head, "prediction.bias", 1e-2), "head parity"),
        (
            ClassifierKind::Regressor,
            |draft| change_weight(&mut draft.end_to_end, "code.bias", 1e-2),
            "regressor parity",
        ),
    ];
    for (kind, modify, name) in cases {
        assert_eq!(failed(&checked(&HeadFixture::modified(kind, modify))), [name]);
    }
}

#[test]
fn one_changed_value_in_the_probe_fails_the_parity_check_of_both_graphs() {
    type Modify = fn(&mut HeadDraft);
    let (classifier, regressor) = (ClassifierKind::Classifier, ClassifierKind::Regressor);
    let cases: [(ClassifierKind, Modify, f64); 4] = [
        (classifier, |draft| change_output(draft, "probabilities", f32::NAN), f64::INFINITY),
        (classifier, |draft| change_output(draft, "logits", f32::INFINITY), f64::INFINITY),
        (classifier, |draft| change_output(draft, "probabilities", 1e-3), 1e-2 / largest_logit()),
        (regressor, |draft| change_output(draft, "prediction", f32::NEG_INFINITY), f64::INFINITY),
    ];
    for (kind, modify, expected) in cases {
        let checks = checked(&HeadFixture::modified(kind, modify));
        assert_eq!(failed(&checks), ["head parity".to_owned(), format!("{kind} parity")]);
        for figure in checks.iter().filter(|check| !check.ok).filter_map(|check| check.figure) {
            assert!(figure == expected || (figure / expected - 1.0).abs() < 1e-2, "{figure}, expected {expected}");
        }
    }
}

/// Returns the largest absolute logit of the fixture's probe, at least 1.
fn largest_logit() -> f64 {
    let fixture = HeadFixture::new(ClassifierKind::Classifier);
    let probe = ClassifierBundle::open(fixture.path()).and_then(|bundle| bundle.probe()).expect("a probe");
    f64::from(probe.outputs["logits"].iter().fold(1.0, |largest: f32, logit| largest.max(logit.abs())))
}

#[test]
fn a_probe_that_does_not_fit_fails_only_the_parity_checks() {
    type Modify = fn(&mut HeadDraft);
    let both = ["head parity", "classifier parity"];
    let cases: [(Modify, &[&str], &str); 5] = [
        (|draft| draft.probe.codes = ArrayD::zeros(vec![4, 2]), &both, "different numbers of rows"),
        (|draft| drop(draft.probe.outputs.remove("logits")), &both, "no tensor `logits`"),
        (
            |draft| drop(draft.probe.outputs.insert("probabilities".to_owned(), ArrayD::zeros(vec![5, 2]))),
            &both,
            "`probabilities` should have shape [5, 3], but has [5, 2]",
        ),
        (
            |draft| draft.probe.codes = ArrayD::zeros(vec![5, 3]),
            &both[..1],
            "`z` should have shape [5, 2], but has [5, 3]",
        ),
        (|draft| draft.probe.samples = ArrayD::zeros(vec![5, 6]), &both[1..], "`x` should have shape [5, 2, 3]"),
    ];
    for (modify, expected, message) in cases {
        let checks = checked(&HeadFixture::modified(ClassifierKind::Classifier, modify));
        assert_eq!(failed(&checks), expected);
        for check in checks.iter().filter(|check| !check.ok) {
            assert!(check.detail.contains(message), "`{}` should mention `{message}`", check.detail);
        }
    }

    let fixture = HeadFixture::new(ClassifierKind::Classifier);
    let bundle = ClassifierBundle::open(fixture.path()).expect("a good bundle");
    let model = Classifier::from_bundle(&bundle, &Options::default()).expect("a good bundle");
    let mut probe = bundle.probe().expect("a probe");
    probe.samples = ArrayD::zeros(vec![0, 2, 3]);
    let error = prove_classifier(&model, &probe).expect_err("no rows");
    assert!(matches!(&error, Error::Probe { tensor, .. } if tensor == "z"), "{error}");
}

#[test]
fn softmax_axes_1_and_minus_1_are_equivalent() {
    for axis in [1, -1] {
        let fixture = HeadFixture::with_axis(axis);
        let checks = checked(&fixture);
        assert_eq!(failed(&checks), [""; 0], "axis {axis}: {checks:?}");
    }
    // Axis 0 is the batch: probabilities would depend on the other rows.
    assert_eq!(failed(&checked(&HeadFixture::with_axis(0))), ["head parity", "classifier parity"]);
}

#[test]
fn the_placement_of_every_node_of_both_graphs_is_reported() {
    for kind in KINDS {
        let fixture = HeadFixture::new(kind);
        let bundle = ClassifierBundle::open(fixture.path()).expect("a good bundle");
        let placed = placement(fixture.path(), &Options::default()).expect("a good bundle");
        let files: Vec<_> = placed.iter().map(|graph| graph.graph.as_str()).collect();
        assert_eq!(files, bundle.manifest().graphs().map(|ports| ports.file.as_str()));
        assert!(placed.iter().all(|graph| graph.is_on_one_device() && !graph.nodes.is_empty()), "{placed:?}");
    }
}
