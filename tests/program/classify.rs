//! Bundles of classifiers and regressors: run over data, compared with labels, proved, told and packed.

use std::fmt::Write as _;

use narrows_bundle::{ClassifierKind, Kind};
use ndarray::{Array2, Axis};
use serde_json::Value;

use crate::{
    by_hand::{
        CLASSES, FEATURES, Fixture,
        heads::{HeadFixture, softmax, told_of},
        mean_of, samples,
    },
    place::Place,
    refusal::{assert_none, complaint},
};

const ROWS: usize = 40;

/// The program beside a bundle `model`.
fn place(fixture: &HeadFixture) -> Place {
    let place = Place::new();
    std::fs::create_dir(place.path("model")).expect("a writable folder");
    for entry in std::fs::read_dir(fixture.path()).expect("a bundle") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a file");
        std::fs::copy(&path, place.path("model").join(name)).expect("a writable folder");
    }
    place
}

fn classifier() -> Place {
    place(&HeadFixture::new(ClassifierKind::Classifier))
}

fn logits(rows: usize) -> Array2<f32> {
    told_of(&mean_of(Kind::Ae, &samples(rows), &[]))
}

/// The numbers of the classes that are told of the first samples.
fn told(rows: usize) -> Vec<usize> {
    let best = |row: ndarray::ArrayView1<'_, f32>| {
        (0..row.len()).max_by(|&one, &other| row[one].total_cmp(&row[other])).expect("three classes")
    };
    logits(rows).outer_iter().map(best).collect()
}

/// A table of the first samples between an identity and a column of these cells.
fn table(name: &str, cells: impl Iterator<Item = String>) -> String {
    let samples = samples(ROWS);
    let mut text = format!("id,a,b,c,d,e,f,{name}\n");
    for ((row, sample), cell) in samples.outer_iter().enumerate().zip(cells) {
        let numbers: Vec<String> = sample.iter().map(f32::to_string).collect();
        writeln!(text, "r{row},{},{cell}", numbers.join(",")).expect("writing to memory");
    }
    text
}

/// The classes that are told, but for every fourth row, which is labelled with the next class.
fn labels() -> Vec<&'static str> {
    let label = |(row, class): (usize, usize)| CLASSES[(class + usize::from(row % 4 == 0)) % CLASSES.len()];
    told(ROWS).into_iter().enumerate().map(label).collect()
}

const READ: &str = "--data rows.csv --ignore id --label-column";

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON object")
}

#[test]
fn classes_and_probabilities_stand_beside_the_other_columns() {
    let place = classifier();
    place.write("rows.csv", table("kind", labels().into_iter().map(str::to_owned)));
    for format in ["npy", "csv", "parquet"] {
        let told = place.done(&format!("classify model {READ} kind --out told.{format}")).stderr;
        assert_eq!(told, format!("40 rows of probabilities in told.{format}\n"));
    }
    let probabilities = place.read_npy("told.npy");
    assert_eq!(probabilities.shape(), [ROWS, CLASSES.len()]);
    let expected = softmax(&logits(ROWS));
    let furthest = probabilities.iter().zip(&expected).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
    assert!(furthest < 1e-5, "{furthest}");

    let text = place.read_text("told.csv");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("id,kind,class,p_zero,p_one,p_7"));
    let (labels, told) = (labels(), told(ROWS));
    for (row, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[..3], [&format!("r{row}"), labels[row], CLASSES[told[row]]], "{line}");
        for (cell, probability) in cells[3..].iter().zip(probabilities.index_axis(Axis(0), row)) {
            assert_eq!(cell.parse(), Ok(*probability), "{line}");
        }
    }
    place.done("data told.parquet --columns p_zero,p_one,p_7 --label-column class --json");
}

#[test]
fn accuracy_is_that_of_the_labels_by_their_names() {
    let place = classifier();
    place.write("rows.csv", table("kind", labels().into_iter().map(str::to_owned)));
    let outcome = place.done(&format!("classify model {READ} kind"));
    assert!(outcome.stdout.ends_with("accuracy 0.7500 (30 of 40 rows)\n"), "{}", outcome.stdout);
    let found = json(&place.done(&format!("classify model {READ} kind --json --out told.npy")).stdout);
    assert_eq!((&found["rows"], &found["right"], &found["accuracy"]), (&40.into(), &30.into(), &0.75.into()));
    let (told, labels) = (told(ROWS), labels());
    for (class, found) in found["classes"].as_array().expect("a list").iter().enumerate() {
        let count = told.iter().filter(|told| **told == class).count();
        let labelled = labels.iter().filter(|label| **label == CLASSES[class]).count();
        assert_eq!((&found["class"], &found["told"]), (&CLASSES[class].into(), &count.into()));
        assert_eq!(found["labelled"], labelled);
    }

    let unlabelled = json(&place.done("classify model --data rows.csv --ignore id,kind --json --out told.npy").stdout);
    assert!(unlabelled["accuracy"].is_null() && unlabelled["classes"][0]["right"].is_null(), "{unlabelled}");
}

#[test]
fn many_rows_go_through_in_pieces_and_count_once() {
    const MANY: usize = 70_000;
    let place = classifier();
    // Samples repeat after so many rows.
    let period = told(17);
    place.write_npy("rows.npy", &samples(MANY));
    place.write("labels.csv", (0..MANY).map(|row| CLASSES[period[row % 17]].to_owned() + "\n").collect::<String>());
    let found = json(&place.done("classify model --data rows.npy --labels labels.csv --json").stdout);
    assert_eq!((&found["rows"], &found["accuracy"]), (&MANY.into(), &1.0.into()));
}

#[test]
fn a_column_of_the_data_gives_way_to_the_class_that_is_told() {
    let place = classifier();
    place.write("rows.csv", table("class", labels().into_iter().map(str::to_owned)));
    place.done(&format!("classify model {READ} class --out told.csv"));
    let text = place.read_text("told.csv");
    assert_eq!(text.lines().next(), Some("id,data_class,class,p_zero,p_one,p_7"));
}

#[test]
fn what_a_regressor_predicts_is_compared_with_labels_that_are_numbers() {
    let place = place(&HeadFixture::of_one_target());
    let predictions = logits(ROWS).column(0).to_owned();
    // Half too large and half too small by the same.
    let label = |(row, prediction): (usize, &f32)| prediction + if row % 2 == 0 { 0.5 } else { -0.5 };
    let labels: Vec<f32> = predictions.iter().enumerate().map(label).collect();
    place.write("rows.csv", table("price", labels.iter().map(f32::to_string)));
    let found = json(&place.done(&format!("classify model {READ} price --json --out told.csv")).stdout);
    let error = found["root_mean_squared_error"].as_f64().expect("a number");
    assert!((error - 0.5).abs() < 1e-5, "{error}");
    let mean = labels.iter().sum::<f32>() / ROWS as f32;
    let deviations: f32 = labels.iter().map(|label| (label - mean).powi(2)).sum();
    let share = found["r_squared"].as_f64().expect("a number");
    assert!((share - f64::from(1.0 - 0.25 * ROWS as f32 / deviations)).abs() < 1e-4, "{share}");

    let text = place.read_text("told.csv");
    assert_eq!(text.lines().next(), Some("id,price,prediction"));
    let first = text.lines().nth(1).and_then(|line| line.rsplit(',').next()?.parse::<f32>().ok());
    assert!(first.is_some_and(|first| (first - predictions[0]).abs() < 1e-5), "{text}");

    place.write("rows.csv", table("price", (0..ROWS).map(|row| format!("much{}", row % 2))));
    let outcome = place.done(&format!("classify model {READ} price --out told.npy"));
    assert!(
        outcome.stderr.contains("`much0`, which is no number") && !outcome.stdout.contains("squared"),
        "{outcome:?}"
    );
    assert_eq!(place.read_npy("told.npy").shape(), [ROWS, 1]);
    assert_none([complaint(
        &place,
        &format!("classify model {READ} price"),
        &["`rows`", "`much0`", "no number", "--out"],
    )]);
}

#[test]
fn a_bundle_of_a_head_is_proved_told_and_packed() {
    for kind in ClassifierKind::ALL {
        let place = place(&HeadFixture::spoilt(kind, |draft| draft.manifest.encoder.fine_tuned = true));
        let told = place.done("pack model model.narrows").stderr;
        assert!(told.contains(r#"Classifier::open_bytes(include_bytes!("model.narrows"), "#), "{told}");
        for of in ["model", "model.narrows"] {
            let proved = json(&place.done(&format!("verify {of} --json")).stdout);
            assert_eq!(proved["ok"], true, "{proved}");
            let names: Vec<_> =
                proved["checks"].as_array().expect("a list").iter().map(|check| &check["name"]).collect();
            for name in ["head graph", &format!("{kind} graph"), "head parity", &format!("{kind} parity")] {
                assert!(names.iter().any(|found| *found == name), "{name} is not in {names:?}");
            }
            let text = place.done(&format!("inspect {of}")).stdout;
            let outputs = if kind == ClassifierKind::Classifier { CLASSES.join(", ") } else { "3".to_owned() };
            let digest = "0".repeat(64);
            for told in
                [kind.name(), &outputs, "ae, fitted further", &digest, "head.onnx", "made up", "f32 [batch, 2, 3]"]
            {
                assert!(text.contains(told), "{told} is not in {text}");
            }
            let manifest = json(&place.done(&format!("inspect {of} --json")).stdout);
            assert_eq!((&manifest["kind"], &manifest["encoder"]["fine_tuned"]), (&kind.name().into(), &true.into()));
        }
        place.write_npy("rows.npy", &samples(ROWS));
        place.done("classify model --data rows.npy --out one.npy");
        place.done("classify model.narrows --data rows.npy --out other.npy");
        assert_eq!(place.read_npy("one.npy"), place.read_npy("other.npy"));
    }
}

#[test]
fn a_wrong_proof_is_found() {
    let place = place(&HeadFixture::spoilt(ClassifierKind::Classifier, |draft| {
        *draft.probe.outputs.get_mut("logits").and_then(|logits| logits.first_mut()).expect("logits") += 0.1;
    }));
    let outcome = place.run("verify model");
    let last = outcome.stderr.lines().next_back().unwrap_or_default();
    assert_eq!(outcome.code, Some(1));
    assert!(last.contains("2 of 11 checks failed, the first is head parity"), "{last}");
}

#[test]
fn what_cannot_be_classified_is_refused() {
    let place = classifier();
    place.write_npy("rows.npy", &samples(ROWS));
    place.write_npy("codes.npy", &Array2::<f32>::zeros((2, 2)));
    let narrow = Array2::<f32>::zeros((ROWS, FEATURES - 1));
    place.write_npy("narrow.npy", &narrow);
    let mut gap = samples(ROWS);
    gap[[7, 0, 0]] = f32::NAN;
    place.write_npy("gap.npy", &gap);
    place.write("labels.csv", (0..ROWS).map(|row| format!("{}\n", row % 3)).collect::<String>());
    let is_classifier = ["is a classifier", "`narrows classify`"];
    assert_none([
        complaint(&place, "classify model --data rows.npy", &["`rows` has no labels", "--label-column", "--out"]),
        // A number that is no name is not taken for the class at that place.
        complaint(
            &place,
            "classify model --data rows.npy --labels labels.csv --out told.csv",
            &["labels of `rows`", "no class `0`", "`zero`, `one`, `7`"],
        ),
        complaint(&place, "classify model --data narrow.npy --out told.npy", &["narrow.npy", "[batch, 2, 3]"]),
        complaint(&place, "classify model --data gap.npy --out told.npy", &["gap.npy", "row 7", "--missing"]),
        complaint(&place, "classify model --data rows.npy --out told.png", &["told.png", ".npy or .csv or .parquet"]),
        complaint(&place, "classify model --data rows.npy --out rows.npy", &["rows.npy", "the data that is read"]),
        complaint(&place, "classify model --data rows.npy --part test --out told.npy", &["`rows` has no test part"]),
        complaint(&place, "encode model --data rows.npy --out z.npy", &is_classifier),
        complaint(&place, "reconstruct model --data rows.npy --out x.npy", &is_classifier),
        complaint(&place, "score model --data rows.npy --out s.npy", &is_classifier),
        complaint(&place, "decode model --codes codes.npy --out x.npy", &is_classifier),
        complaint(&place, "generate model --out x.npy", &is_classifier),
        complaint(&place, "config model", &is_classifier),
    ]);
    let autoencoder = Fixture::new(Kind::Ae);
    let line = format!("classify {} --data rows.npy --out told.npy", autoencoder.path().display());
    assert_none([complaint(&place, &line, &["is an autoencoder (ae)", "`narrows encode`"])]);
    let three = self::place(&HeadFixture::new(ClassifierKind::Regressor));
    three.write_npy("rows.npy", &samples(ROWS));
    three.write("labels.csv", "1\n".repeat(ROWS));
    assert_none([complaint(
        &three,
        "classify model --data rows.npy --labels labels.csv",
        &["predicts 3 numbers", "--out"],
    )]);
}
