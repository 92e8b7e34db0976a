//! Bundles of classifiers and regressors: `classify`, comparison with labels, `verify`, `inspect` and `pack`.

use std::fmt::Write as _;

use narrows_bundle::{ClassifierKind, Kind};
use ndarray::{Array2, Axis};
use serde_json::Value;

use crate::{
    by_hand::{
        CLASSES, FEATURES, Fixture,
        heads::{HeadFixture, head_outputs, softmax},
        mean_of, samples,
    },
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const ROWS: usize = 40;

/// Returns a sandbox with the bundle as `model`.
fn sandbox(fixture: &HeadFixture) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("model")).expect("a writable folder");
    for entry in std::fs::read_dir(fixture.path()).expect("a bundle") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a file");
        std::fs::copy(&path, sandbox.path("model").join(name)).expect("a writable folder");
    }
    sandbox
}

fn classifier() -> Sandbox {
    sandbox(&HeadFixture::new(ClassifierKind::Classifier))
}

fn logits(rows: usize) -> Array2<f32> {
    head_outputs(&mean_of(Kind::Ae, &samples(rows), &[]))
}

/// Returns the predicted class indices of the first samples.
fn predicted(rows: usize) -> Vec<usize> {
    let best = |row: ndarray::ArrayView1<'_, f32>| {
        (0..row.len()).max_by(|&one, &other| row[one].total_cmp(&row[other])).expect("three classes")
    };
    logits(rows).outer_iter().map(best).collect()
}

/// Returns a CSV table of the first samples, with an id in the first column and these cells in the last one.
fn table(name: &str, cells: impl Iterator<Item = String>) -> String {
    let samples = samples(ROWS);
    let mut text = format!("id,a,b,c,d,e,f,{name}\n");
    for ((row, sample), cell) in samples.outer_iter().enumerate().zip(cells) {
        let numbers: Vec<String> = sample.iter().map(f32::to_string).collect();
        writeln!(text, "r{row},{},{cell}", numbers.join(",")).expect("writing to memory");
    }
    text
}

/// Returns the predicted classes as labels; every fourth row gets the next class instead.
fn labels() -> Vec<&'static str> {
    let label = |(row, class): (usize, usize)| CLASSES[(class + usize::from(row % 4 == 0)) % CLASSES.len()];
    predicted(ROWS).into_iter().enumerate().map(label).collect()
}

const READ: &str = "--data rows.csv --ignore id --label-column";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON object")
}

#[test]
fn classes_and_probabilities_are_written_with_the_pass_through_columns() {
    let sandbox = classifier();
    sandbox.write("rows.csv", table("kind", labels().into_iter().map(str::to_owned)));
    for format in ["npy", "csv", "parquet"] {
        let stderr = sandbox.run_ok(&format!("classify model {READ} kind --out predictions.{format}")).stderr;
        assert_eq!(stderr, format!("wrote 40 rows of probabilities to predictions.{format}\n"));
    }
    let probabilities = sandbox.read_npy("predictions.npy");
    assert_eq!(probabilities.shape(), [ROWS, CLASSES.len()]);
    let expected = softmax(&logits(ROWS));
    let difference = probabilities.iter().zip(&expected).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
    assert!(difference < 1e-5, "{difference}");

    let text = sandbox.read_text("predictions.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("id,kind,class,p_zero,p_one,p_7"));
    let (labels, predicted) = (labels(), predicted(ROWS));
    for (row, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[..3], [&format!("r{row}"), labels[row], CLASSES[predicted[row]]], "{line}");
        for (cell, probability) in cells[3..].iter().zip(probabilities.index_axis(Axis(0), row)) {
            assert_eq!(cell.parse(), Ok(*probability), "{line}");
        }
    }
    sandbox.run_ok("data predictions.parquet --columns p_zero,p_one,p_7 --label-column class --json");
}

#[test]
fn accuracy_compares_labels_with_classes_by_name() {
    let sandbox = classifier();
    sandbox.write("rows.csv", table("kind", labels().into_iter().map(str::to_owned)));
    let outcome = sandbox.run_ok(&format!("classify model {READ} kind"));
    assert!(outcome.stdout.ends_with("accuracy 0.7500 (30 of 40 rows)\n"), "{}", outcome.stdout);
    let report = json(&sandbox.run_ok(&format!("classify model {READ} kind --json --out predictions.npy")).stdout);
    assert_eq!((&report["rows"], &report["correct"], &report["accuracy"]), (&40.into(), &30.into(), &0.75.into()));
    let (predicted, labels) = (predicted(ROWS), labels());
    for (class, counts) in report["classes"].as_array().expect("a list").iter().enumerate() {
        let count = predicted.iter().filter(|predicted| **predicted == class).count();
        let labelled = labels.iter().filter(|label| **label == CLASSES[class]).count();
        assert_eq!((&counts["class"], &counts["predicted"]), (&CLASSES[class].into(), &count.into()));
        assert_eq!(counts["labelled"], labelled);
    }

    let unlabelled =
        json(&sandbox.run_ok("classify model --data rows.csv --ignore id,kind --json --out predictions.npy").stdout);
    assert!(unlabelled["accuracy"].is_null() && unlabelled["classes"][0]["correct"].is_null(), "{unlabelled}");
}

#[test]
fn many_rows_are_read_in_chunks_and_each_is_counted_once() {
    const MANY: usize = 70_000;
    let sandbox = classifier();
    // The samples repeat after 17 rows.
    let period = predicted(17);
    sandbox.write_npy("rows.npy", &samples(MANY));
    sandbox.write("labels.csv", (0..MANY).map(|row| CLASSES[period[row % 17]].to_owned() + "\n").collect::<String>());
    let report = json(&sandbox.run_ok("classify model --data rows.npy --labels labels.csv --json").stdout);
    assert_eq!((&report["rows"], &report["accuracy"]), (&MANY.into(), &1.0.into()));
}

#[test]
fn a_column_of_the_data_named_class_is_renamed() {
    let sandbox = classifier();
    sandbox.write("rows.csv", table("class", labels().into_iter().map(str::to_owned)));
    sandbox.run_ok(&format!("classify model {READ} class --out predictions.csv"));
    let text = sandbox.read_text("predictions.csv");
    assert_eq!(text.lines().next(), Some("id,data_class,class,p_zero,p_one,p_7"));
}

#[test]
fn predictions_of_a_regressor_are_compared_with_numeric_labels() {
    let sandbox = sandbox(&HeadFixture::of_one_target());
    let predictions = logits(ROWS).column(0).to_owned();
    // Half of the labels are 0.5 too large, the other half 0.5 too small.
    let label = |(row, prediction): (usize, &f32)| prediction + if row % 2 == 0 { 0.5 } else { -0.5 };
    let labels: Vec<f32> = predictions.iter().enumerate().map(label).collect();
    sandbox.write("rows.csv", table("price", labels.iter().map(f32::to_string)));
    let report = json(&sandbox.run_ok(&format!("classify model {READ} price --json --out predictions.csv")).stdout);
    let error = report["root_mean_squared_error"].as_f64().expect("a number");
    assert!((error - 0.5).abs() < 1e-5, "{error}");
    let mean = labels.iter().sum::<f32>() / ROWS as f32;
    let deviations: f32 = labels.iter().map(|label| (label - mean).powi(2)).sum();
    let r_squared = report["r_squared"].as_f64().expect("a number");
    assert!((r_squared - f64::from(1.0 - 0.25 * ROWS as f32 / deviations)).abs() < 1e-4, "{r_squared}");

    let text = sandbox.read_text("predictions.csv");
    assert_eq!(text.lines().next(), Some("id,price,prediction"));
    let first = text.lines().nth(1).and_then(|line| line.rsplit(',').next()?.parse::<f32>().ok());
    assert!(first.is_some_and(|first| (first - predictions[0]).abs() < 1e-5), "{text}");

    sandbox.write("rows.csv", table("price", (0..ROWS).map(|row| format!("much{}", row % 2))));
    let outcome = sandbox.run_ok(&format!("classify model {READ} price --out predictions.npy"));
    assert!(
        outcome.stderr.contains("`much0`, which is not a number") && !outcome.stdout.contains("squared"),
        "{outcome:?}"
    );
    assert_eq!(sandbox.read_npy("predictions.npy").shape(), [ROWS, 1]);
    assert_refused([check_refusal(
        &sandbox,
        &format!("classify model {READ} price"),
        &["`rows.csv`", "`much0`", "not a number", "--out"],
    )]);
}

#[test]
fn a_bundle_of_a_head_can_be_verified_inspected_and_packed() {
    for kind in ClassifierKind::ALL {
        let sandbox = sandbox(&HeadFixture::modified(kind, |draft| draft.manifest.encoder.fine_tuned = true));
        let stderr = sandbox.run_ok("pack model model.narrows").stderr;
        assert!(stderr.contains(r#"Classifier::open_bytes(include_bytes!("model.narrows"), "#), "{stderr}");
        for of in ["model", "model.narrows"] {
            let report = json(&sandbox.run_ok(&format!("verify {of} --json")).stdout);
            assert_eq!(report["ok"], true, "{report}");
            let names: Vec<_> =
                report["checks"].as_array().expect("a list").iter().map(|check| &check["name"]).collect();
            for name in ["head graph", &format!("{kind} graph"), "head parity", &format!("{kind} parity")] {
                assert!(names.iter().any(|checked| *checked == name), "{name} is not in {names:?}");
            }
            let text = sandbox.run_ok(&format!("inspect {of}")).stdout;
            let outputs = if kind == ClassifierKind::Classifier { CLASSES.join(", ") } else { "3".to_owned() };
            let digest = "0".repeat(64);
            for expected in [
                kind.name(),
                &outputs,
                "ae, fine-tuned with the head",
                &digest,
                "head.onnx",
                "synthetic",
                "f32 [batch, 2, 3]",
            ] {
                assert!(text.contains(expected), "{expected} is not in {text}");
            }
            let manifest = json(&sandbox.run_ok(&format!("inspect {of} --json")).stdout);
            assert_eq!((&manifest["kind"], &manifest["encoder"]["fine_tuned"]), (&kind.name().into(), &true.into()));
        }
        sandbox.write_npy("rows.npy", &samples(ROWS));
        sandbox.run_ok("classify model --data rows.npy --out one.npy");
        sandbox.run_ok("classify model.narrows --data rows.npy --out other.npy");
        assert_eq!(sandbox.read_npy("one.npy"), sandbox.read_npy("other.npy"));
    }
}

#[test]
fn a_wrong_stored_output_fails_verify() {
    let sandbox = sandbox(&HeadFixture::modified(ClassifierKind::Classifier, |draft| {
        *draft.probe.outputs.get_mut("logits").and_then(|logits| logits.first_mut()).expect("logits") += 0.1;
    }));
    let outcome = sandbox.run("verify model");
    let last = outcome.stderr.lines().next_back().unwrap_or_default();
    assert_eq!(outcome.code, Some(1));
    assert!(last.contains("2 of 11 checks failed; the first is `head parity`"), "{last}");
}

#[test]
fn inputs_that_cannot_be_classified_are_refused() {
    let sandbox = classifier();
    sandbox.write_npy("rows.npy", &samples(ROWS));
    sandbox.write_npy("codes.npy", &Array2::<f32>::zeros((2, 2)));
    let narrow = Array2::<f32>::zeros((ROWS, FEATURES - 1));
    sandbox.write_npy("narrow.npy", &narrow);
    let mut gap = samples(ROWS);
    gap[[7, 0, 0]] = f32::NAN;
    sandbox.write_npy("gap.npy", &gap);
    sandbox.write("labels.csv", (0..ROWS).map(|row| format!("{}\n", row % 3)).collect::<String>());
    let is_classifier = ["is a classifier, but this command needs an autoencoder", "`narrows classify model`"];
    assert_refused([
        check_refusal(
            &sandbox,
            "classify model --data rows.npy",
            &["`rows.npy` has no labels", "--label-column", "--out"],
        ),
        // A number that is not the name of a class is not used as the index of a class.
        check_refusal(
            &sandbox,
            "classify model --data rows.npy --labels labels.csv --out predictions.csv",
            &["labels of `rows.npy`", "no class `0`", "`zero`, `one`, `7`"],
        ),
        check_refusal(
            &sandbox,
            "classify model --data narrow.npy --out predictions.npy",
            &["`narrow.npy` has rows of 5 values", "samples of shape [2, 3] or rows of 6 values"],
        ),
        check_refusal(
            &sandbox,
            "classify model --data gap.npy --out predictions.npy",
            &["gap.npy", "row 7", "--missing"],
        ),
        check_refusal(
            &sandbox,
            "classify model --data rows.npy --out predictions.png",
            &["predictions.png", ".npy, .csv or .parquet"],
        ),
        check_refusal(&sandbox, "classify model --data rows.npy --out rows.npy", &["rows.npy", "an input file"]),
        check_refusal(
            &sandbox,
            "classify model --data rows.npy --part test --out predictions.npy",
            &["`rows.npy` has no test part"],
        ),
        check_refusal(&sandbox, "encode model --data rows.npy --out z.npy", &is_classifier),
        check_refusal(&sandbox, "reconstruct model --data rows.npy --out x.npy", &is_classifier),
        check_refusal(&sandbox, "score model --data rows.npy --out s.npy", &is_classifier),
        check_refusal(&sandbox, "decode model --codes codes.npy --out x.npy", &is_classifier),
        check_refusal(&sandbox, "generate model --out x.npy", &is_classifier),
        check_refusal(&sandbox, "config model", &is_classifier),
    ]);
    let autoencoder = Fixture::new(Kind::Ae);
    let line = format!("classify {} --data rows.npy --out predictions.npy", autoencoder.path().display());
    assert_refused([check_refusal(
        &sandbox,
        &line,
        &["is an autoencoder (ae), but this command needs a classifier", "`narrows transfer "],
    )]);
    let three = self::sandbox(&HeadFixture::new(ClassifierKind::Regressor));
    three.write_npy("rows.npy", &samples(ROWS));
    three.write("labels.csv", "1\n".repeat(ROWS));
    assert_refused([check_refusal(
        &three,
        "classify model --data rows.npy --labels labels.csv",
        &["predicts 3 numbers", "--out"],
    )]);
}
