//! The cards of the committed bundles, which `just zoo` writes.

use std::path::PathBuf;

use narrows_bundle::{AnomalyScore, Bundle, DetectorRecord, Kind, Likelihood, Link, Manifest, SampleKind, Windows};

use super::card;

fn manifest(name: &str) -> (Manifest, String) {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "models", "zoo", name].iter().collect();
    let bundle = Bundle::open(&folder).expect("a committed bundle");
    let text = std::fs::read_to_string(folder.join("README.md")).expect("a committed card");
    (bundle.manifest().clone(), text)
}

fn card_of(change: impl FnOnce(&mut Manifest)) -> String {
    let (mut manifest, _) = manifest("vae");
    change(&mut manifest);
    card(&manifest).expect("a template that fits")
}

#[test]
fn the_committed_cards_are_those_that_the_program_writes() {
    for name in Kind::ALL.map(Kind::name).into_iter().chain(["conv-vae", "conv-cvae", "penguins"]) {
        let (manifest, committed) = manifest(name);
        assert_eq!(card(&manifest).expect("a template that fits"), committed, "{name} (`just zoo` rebuilds it)");
    }
}

#[test]
fn a_card_names_every_metric_of_the_manifest_and_explains_it() {
    for name in Kind::ALL.map(Kind::name) {
        let (manifest, text) = manifest(name);
        for metric in manifest.training.metrics.keys() {
            let figure = metric.split('.').next_back().expect("a name");
            assert!(text.contains(&format!("| {figure} |")), "{name}: no row of {metric}");
            assert!(text.contains(&format!("- `{figure}`: ")), "{name}: {metric} is not explained");
        }
    }
}

#[test]
fn only_pictures_in_the_bundle_are_shown() {
    assert!(card_of(|_| ()).contains("](samples.png)"));
    let text = card_of(|manifest| manifest.files.retain(|name, _| !name.ends_with(".png")));
    assert!(!text.contains(".png)") && text.contains("](loss.svg)"), "{text}");
    let text = card_of(|manifest| manifest.files.clear());
    assert!(!text.contains("## Pictures"), "{text}");
}

#[test]
fn a_detector_has_a_section_with_examples_and_its_promise() {
    assert!(!card_of(|_| ()).contains("## Anomaly detector"));
    let with = |contamination: f64| {
        card_of(|manifest| {
            manifest.detector = Some(DetectorRecord {
                graph: DetectorRecord::ports(&manifest.sample.shape, false, 0.01),
                score: AnomalyScore::Combined,
                level: 0.01,
                threshold: 2.5,
                data: "digits".to_owned(),
                fingerprint: String::new(),
                fitted_rows: 900,
                calibration_rows: 199,
                contamination,
                seed: 0,
                parity: None,
            });
        })
    };
    let text = with(0.0);
    for part in
        ["flags at most 1 %", "The smallest p-value is 1/200", "Detector::open", "`detector.onnx`", "detect run ."]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(with(0.05).contains("do not have smaller scores than normal rows"), "{}", with(0.05));
}

#[test]
fn limits_follow_from_the_manifest() {
    let without = card_of(|_| ());
    type Change = fn(&mut Manifest);
    let cases: [(&str, Change); 8] = [
        ("No rows were held out", |manifest| {
            manifest.training.data.test_rows = 0;
            manifest.training.metrics.retain(|name, _| name.starts_with("train."));
        }),
        ("Only 3 of 8 latent dimensions carry information", |manifest| {
            manifest.training.metrics.insert("test.active_units".to_owned(), 3.0);
        }),
        ("the network extrapolates", |manifest| manifest.output_link = Link::Identity),
        ("The cross-entropy of values between 0 and 1 is not the likelihood", |manifest| {
            manifest.likelihood = Likelihood::Bernoulli;
        }),
        ("do not fill in missing values", |manifest| manifest.sample.fill = Some(vec![1.0])),
        ("rare and extreme values", |manifest| manifest.sample.shape = vec![64]),
        ("another sampling rate", |manifest| {
            manifest.sample.kind = SampleKind::Series;
            manifest.sample.windows = Some(Windows { window: 8, hop: 1, time_column: None, group_column: None });
        }),
        ("of a checkpoint after 200 epochs", |manifest| {
            manifest.training.progress.as_mut().expect("a descent").finished = false;
        }),
    ];
    for (sentence, change) in cases {
        assert!(!without.contains(sentence), "{sentence}");
        let text = card_of(change);
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
}

#[test]
fn a_name_from_the_data_stays_in_its_cell() {
    let text = card_of(|manifest| manifest.classes = Some(vec!["a | b\nc".to_owned()]));
    assert!(text.contains("| classes | a \\| b c |"), "{text}");
}
