//! Transfer learning as a person meets it: heads on the encoders of the zoo, encoders that learn along, what is refused.

use std::fmt::Write as _;

use narrows_bundle::{Bundle, ClassifierBundle, ENCODER, onnx};
use narrows_runtime::{Autoencoder, Classifier};
use ndarray::{Array2, Array3, ArrayD};
use prost::Message;
use serde_json::Value;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

/// A bundle that is committed.
fn zoo(kind: &str) -> String {
    format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"))
}

fn digits() -> Array3<u8> {
    Array3::from_shape_fn((50, 8, 8), |(row, y, x)| ((row * 7 + y * 5 + x * 3) % 17) as u8)
}

fn largest_difference(one: &Array2<f32>, other: &Array2<f32>) -> f32 {
    one.iter().zip(other).fold(0.0, |most, (one, other)| most.max((one - other).abs()))
}

fn report(place: &Place, line: &str) -> Value {
    serde_json::from_str(&place.done(&format!("{line} --json")).stdout).expect("one object")
}

#[test]
fn a_head_on_every_encoder_is_one_graph_that_holds_the_encoder_as_it_was_and_tells_what_two_steps_tell() {
    for kind in ["pca", "ae", "dae", "vae"] {
        let place = Place::new();
        let report = report(&place, &format!("transfer {} --data digits --out head", zoo(kind)));
        assert!(report["test"]["accuracy"].as_f64() > Some(0.8), "{kind}: {report}");
        let verified = place.done("verify head").stdout;
        assert!(verified.contains("head parity") && verified.contains("classifier parity"), "{verified}");

        let decoded = |bytes: Vec<u8>| onnx::Model::decode(bytes.as_slice()).expect("a model").graph.expect("a graph");
        let bundle = Bundle::open(zoo(kind)).expect("the zoo");
        let encoder = decoded(bundle.read(ENCODER).expect("a graph"));
        let transferred = ClassifierBundle::open(place.path("head")).expect("just written");
        let whole = decoded(transferred.read("classifier.onnx").expect("a graph"));
        assert_eq!(whole.node[..encoder.node.len()], encoder.node[..], "{kind}");
        assert_eq!(whole.initializer[..encoder.initializer.len()], encoder.initializer[..], "{kind}");
        assert!(whole.node.len() > encoder.node.len());

        let (first, second) = (Autoencoder::open(zoo(kind)), Classifier::open(place.path("head")));
        let (first, second) = (first.expect("the zoo"), second.expect("just written"));
        assert_eq!(second.classes().len(), 10);
        let samples = digits();
        let codes = first.encode(&samples).expect("digits");
        let (one, two) = (second.probabilities(&samples), second.head(&codes));
        let apart = largest_difference(&one.expect("digits"), &two.expect("codes"));
        assert!(apart <= 1e-5, "{kind}: probabilities {apart}");
        let (one, two) = (second.logits(&samples).expect("digits"), second.head_logits(&codes).expect("codes"));
        let largest = one.iter().fold(1.0f32, |most, logit| most.max(logit.abs()));
        let apart = largest_difference(&one, &two);
        assert!(apart <= 1e-5 * largest, "{kind}: logits up to {largest}, {apart}");
    }
}

#[test]
fn what_was_said_of_the_test_part_is_what_classify_finds() {
    let place = Place::new();
    let said = report(&place, &format!("transfer {} --data digits --out head", zoo("vae")));
    let found = report(&place, "classify head --data digits --part test");
    assert_eq!(said["test"]["accuracy"], found["accuracy"]);
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_draws_other_labels() {
    let place = Place::new();
    let line = format!("transfer {} --data digits --labels-per-class 5", zoo("ae"));
    for (out, seed) in [("one", 3), ("two", 3), ("other", 4)] {
        place.done(&format!("{line} --seed {seed} --out {out}"));
    }
    assert!(place.content_of("one") == place.content_of("two"));
    assert!(place.content_of("one") != place.content_of("other"));
    let manifest: Value = serde_json::from_str(&place.read_text("one/manifest.json")).expect("JSON");
    assert_eq!(manifest["training"]["data"]["train_rows"], 50);
    assert_eq!(manifest["classes"].as_array().map(Vec::len), Some(10));
}

#[test]
fn an_encoder_that_learns_along_tells_more_of_what_it_learns_from_and_is_another() {
    let place = Place::new();
    let report = report(
        &place,
        &format!(
            "transfer {} --data digits --fine-tune --encoder-learning-rate 0.001 --epochs 8 --out tuned",
            zoo("ae")
        ),
    );
    let loss = |report: &Value| report["log_loss"].as_f64().expect("a number");
    assert!(loss(&report["train"]) < 0.7 * loss(&report["frozen"]["train"]), "{report}");
    place.done("verify tuned");
    let whole = ClassifierBundle::open(place.path("tuned")).and_then(|bundle| bundle.read("classifier.onnx"));
    let whole = onnx::Model::decode(whole.expect("a graph").as_slice()).expect("a model").graph.expect("a graph");
    let before = Bundle::open(zoo("ae")).and_then(|bundle| bundle.read(ENCODER)).expect("the zoo");
    let before = onnx::Model::decode(before.as_slice()).expect("a model").graph.expect("a graph");
    assert_eq!(whole.node[..before.node.len()], before.node[..]);
    assert_ne!(whole.initializer[..before.initializer.len()], before.initializer[..]);
    let inspected = place.done("inspect tuned").stdout;
    assert!(inspected.contains("fitted further with the head"), "{inspected}");

    let scratch =
        place.done(&format!("transfer {} --data digits --fine-tune --from-scratch --epochs 2 --out new", zoo("ae")));
    assert!(!scratch.stderr.contains("frozen codes"), "nothing settles on an encoder that is forgotten");
    place.done("verify new");
}

#[test]
fn a_head_with_hidden_layers_stops_where_rows_held_out_say_so() {
    let place = Place::new();
    let report =
        report(&place, &format!("transfer {} --data digits --head mlp:32,16 --epochs 30 --out head", zoo("pca")));
    assert_eq!(report["trials"].as_array().map(Vec::len), Some(4));
    assert!(
        report["held_out_rows"].as_u64() > Some(100) && report["valid"]["accuracy"].as_f64() > Some(0.8),
        "{report}"
    );
    place.done("verify head");
}

/// Three columns and a number that follows from them.
fn table(rows: std::ops::Range<usize>) -> String {
    let mut text = String::from("a,b,c,price\n");
    for row in rows {
        let (a, b) = ((row as f32 * 0.7).sin(), (row as f32 * 1.3).cos());
        let c = (row as f32 * 0.31).sin();
        writeln!(text, "{a},{b},{c},{}", 250_000.0 + 40_000.0 * a - 9_000.0 * c).expect("writing to memory");
    }
    text
}

#[test]
fn a_number_is_predicted_in_its_own_unit_on_rows_with_numbers_that_were_never_seen() {
    let place = Place::new();
    place.write("train.csv", table(0..120));
    place.write("test.csv", table(120..160));
    place.done("train-export pca --data train.csv --ignore price --latent 3 --out model");
    let line = "transfer model --data train.csv --label-column price --test test.csv --task regression --out head";
    assert_none([
        complaint(&place, &format!("{line} --label-fraction 0.001"), &["has 1 rows to learn from"]),
        complaint(&place, &format!("{line} --labels-per-class 5"), &["a regression has no classes"]),
        complaint(&place, &format!("{line} --label-efficiency"), &["a regression has none"]),
    ]);
    let fitted = report(&place, line);
    assert!(fitted["test"]["r2"].as_f64() > Some(0.999), "{fitted}");
    place.done("verify head");
    let model = Classifier::open(place.path("head")).expect("just written");
    let sample = ArrayD::from_shape_vec(vec![1, 3], vec![1.0f32, 0.0, 0.0]).expect("a row");
    let predicted = model.predict(&sample).expect("three columns")[[0, 0]];
    assert!((predicted - 290_000.0).abs() < 500.0, "{predicted}");
    let found = report(&place, "classify head --data test.csv --label-column price");
    assert!(found["r_squared"].as_f64() > Some(0.999), "{found}");
}

#[test]
fn numbers_come_from_a_file_of_their_own_too() {
    let place = Place::new();
    let rows = Array2::from_shape_fn((80, 2), |(row, column)| ((row * (column + 3)) as f32 * 0.37).sin());
    place.write_npy("rows.npy", &rows);
    place.write_npy("numbers.npy", &rows.map_axis(ndarray::Axis(1), |row| row[0] - 2.5 * row[1]));
    place.done("train-export pca --data rows.npy --latent 2 --out model");
    let line = "transfer model --data rows.npy --labels numbers.npy --task regression --out head";
    assert!(report(&place, line)["train"]["r2"].as_f64() > Some(0.999));
}

#[cfg(unix)]
#[test]
fn a_fit_that_is_broken_off_leaves_nothing_and_what_was_there_stays() {
    let place = Place::new();
    place.done(&format!("transfer {} --data digits --out there", zoo("vae")));
    let before = place.content();
    let line = format!("transfer {} --data digits --fine-tune --epochs 100000 --valid-fraction 0", zoo("vae"));
    for (out, pause) in [("there", 300), ("new/deeper/head", 300), ("there", 20), ("other", 60)] {
        let mut command = place.command(&format!("{line} --out {out}"));
        let mut child = command.stderr(std::process::Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(std::time::Duration::from_millis(pause));
        let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(sent.expect("every unix has kill").success());
        // Before it listens, the signal itself ends it.
        let code = child.wait().expect("our own child").code();
        assert!(matches!(code, Some(143) | None), "{out} after {pause} ms: {code:?}");
        assert!(place.content() == before, "{out} after {pause} ms");
    }
}

#[test]
fn the_table_of_label_efficiency_is_told_and_written_in_three_forms() {
    let place = Place::new();
    let report = report(&place, &format!("transfer {} --data digits --label-efficiency=3 --out head", zoo("vae")));
    let table = &report["label_efficiency"];
    assert_eq!(table["labels"], serde_json::json!([10, 100, 1000, 1437]));
    let rows = table["rows"].as_array().expect("a list");
    let named = rows.iter().map(|row| (row["features"].as_str(), row["width"].as_u64())).collect::<Vec<_>>();
    for row in [("raw", 64), ("pca", 8), ("vae", 8)] {
        assert_eq!(named.iter().filter(|named| **named == (Some(row.0), Some(row.1))).count(), 2, "{named:?}");
    }
    let accuracies = |row: &Value| {
        row["accuracy"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|share| share.as_f64().expect("a share"))
            .collect::<Vec<_>>()
    };
    for row in rows {
        let accuracies = accuracies(row);
        assert!(accuracies.is_sorted_by(|few, many| few < &(many + 0.03)), "more labels tell more: {row}");
    }
    assert!(accuracies(&rows[0])[3] > 0.85 && accuracies(&rows[0])[0] < 0.85, "{}", rows[0]);
    let written: Value = serde_json::from_str(&place.read_text("head/label-efficiency.json")).expect("JSON");
    assert_eq!(&written, table);
    assert!(place.read_text("head/label-efficiency.txt").contains("1437 labels"));
    assert!(place.read_text("head/label-efficiency.svg").contains("labels learned from"));
    place.done("verify head");
}

#[test]
fn what_nothing_can_be_learned_from_is_refused_with_the_reason_and_leaves_nothing() {
    let place = Place::new();
    place.write("plain.csv", "a,b,c\n1,2,3\n2,1,4\n3,5,1\n4,4,2\n");
    place.write("one.csv", "a,b,c,kind\n1,2,3,x\n2,1,4,x\n3,5,1,x\n");
    place.write("many.csv", "a,b,c,kind\n1,2,3,p\n2,1,4,q\n3,5,1,r\n");
    place.write("gap.csv", "a,b,c,kind\n1,2,3,p\n2,,4,q\n3,5,1,p\n");
    place.write("wide.csv", "a,b,c,d,kind\n1,2,3,1,p\n2,1,4,2,q\n3,5,1,3,p\n");
    place.done("train-export pca --data plain.csv --latent 2 --out model");
    place.write("good.csv", "a,b,c,kind\n1,2,3,p\n2,4,4,q\n3,5,1,p\n5,5,2,q\n");
    place.done("pack model packed.narrows");
    let cvae = zoo("cvae");
    let of = |words: &str| format!("transfer model --out head {words}");
    let packed = "transfer packed.narrows --out head --data good.csv --label-column kind --fine-tune";
    assert_none(
        [
            (format!("transfer {cvae} --data digits --out head"), "is of a cvae, whose encoder is told the class"),
            (of("--data plain.csv"), "has no labels to learn from (name them by --labels"),
            (of("--data one.csv --label-column kind"), "all 3 rows are of one class"),
            (of("--data many.csv --label-column kind"), "no class has two rows to learn from"),
            (of("--data gap.csv --label-column kind"), "--missing"),
            (of("--data many.csv --label-column kind --task regression"), "the label of row 0 is `p`"),
            (of("--data digits"), "has samples of shape [8, 8], the encoder takes [3]"),
            (of("--data wide.csv --label-column kind --columns a,b"), "the encoder takes [3]"),
            (of("--data gap.csv --label-column kind --missing mean"), "was not trained with --missing mean"),
            (packed.to_owned(), "a packed bundle leaves them behind"),
            ("transfer model --data good.csv --label-column kind --out model".to_owned(), "would be lost"),
            (of("--data good.csv --label-column kind --columns c,b,a"), "in another order than the encoder's"),
            (
                of("--data good.csv --label-column kind --head mlp:18446744073709551615"),
                "more than 268435456 parameters",
            ),
            (format!("transfer {} --data digits --valid digits --out head", zoo("vae")), "is given twice"),
        ]
        .map(|(line, expected)| complaint(&place, &line, &[expected])),
    );
}

#[test]
fn every_option_that_means_nothing_is_told_at_once() {
    let place = Place::new();
    let line = format!(
        "transfer {} --data digits --epochs 3 --corruption masking:0.1 --momentum 0.5 --weight-decay -1",
        zoo("ae")
    );
    let parts = [
        "`epochs` means nothing",
        "`corruption` is of --fine-tune",
        "`momentum` is an option of sgd",
        "`weight_decay` is a weight",
    ];
    place.write("wrong.toml", "haed = \"linear\"\n");
    assert_none([
        complaint(&place, &line, &parts),
        complaint(&place, &format!("transfer {} --config wrong.toml", zoo("ae")), &["did you mean `head`?"]),
    ]);
}

#[test]
fn a_class_with_one_row_is_learned_from() {
    let place = Place::new();
    let mut text = String::from("a,b,c,kind\n");
    for row in 0..30 {
        let kind = if row == 29 {
            "rare"
        } else if row % 2 == 0 {
            "even"
        } else {
            "odd"
        };
        writeln!(text, "{},{},{},{kind}", row % 2, (row * 7) % 5, row).expect("writing to memory");
    }
    place.write("table.csv", text);
    place.done("train-export pca --data table.csv --ignore kind --latent 2 --out model");
    let report = report(&place, "transfer model --data table.csv --label-column kind --out head");
    assert_eq!(report["fitted_rows"], 30);
    place.done("verify head");
}
