//! Transfer learning from the command line: heads on the encoders of models/zoo, fine-tuned encoders, and refusals.

use std::fmt::Write as _;

use narrows_bundle::{Bundle, ClassifierBundle, ENCODER, onnx};
use narrows_runtime::{Autoencoder, Classifier};
use ndarray::{Array2, Array3, ArrayD};
use prost::Message;
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// Returns the path of a bundle in models/zoo.
pub(crate) fn zoo(kind: &str) -> String {
    format!("{}/../models/zoo/{kind}", env!("CARGO_MANIFEST_DIR"))
}

fn digits() -> Array3<u8> {
    Array3::from_shape_fn((50, 8, 8), |(row, y, x)| ((row * 7 + y * 5 + x * 3) % 17) as u8)
}

fn largest_difference(one: &Array2<f32>, other: &Array2<f32>) -> f32 {
    one.iter().zip(other).fold(0.0, |most, (one, other)| most.max((one - other).abs()))
}

fn report(sandbox: &Sandbox, line: &str) -> Value {
    serde_json::from_str(&sandbox.run_ok(&format!("{line} --json")).stdout).expect("one object")
}

#[test]
fn the_end_to_end_graph_contains_the_unchanged_encoder_and_equals_encoder_then_head() {
    for kind in ["pca", "ae", "dae", "vae"] {
        let sandbox = Sandbox::new();
        let report = report(&sandbox, &format!("transfer {} --data digits --out head", zoo(kind)));
        assert!(report["test"]["accuracy"].as_f64() > Some(0.8), "{kind}: {report}");
        let verified = sandbox.run_ok("verify head").stdout;
        assert!(verified.contains("head parity") && verified.contains("classifier parity"), "{verified}");

        let decoded = |bytes: Vec<u8>| onnx::Model::decode(bytes.as_slice()).expect("a model").graph.expect("a graph");
        let bundle = Bundle::open(zoo(kind)).expect("the zoo");
        let encoder = decoded(bundle.read(ENCODER).expect("a graph"));
        let transferred = ClassifierBundle::open(sandbox.path("head")).expect("just written");
        let classifier = decoded(transferred.read("classifier.onnx").expect("a graph"));
        assert_eq!(classifier.node[..encoder.node.len()], encoder.node[..], "{kind}");
        assert_eq!(classifier.initializer[..encoder.initializer.len()], encoder.initializer[..], "{kind}");
        assert!(classifier.node.len() > encoder.node.len());

        let (first, second) = (Autoencoder::open(zoo(kind)), Classifier::open(sandbox.path("head")));
        let (first, second) = (first.expect("the zoo"), second.expect("just written"));
        assert_eq!(second.classes().len(), 10);
        let samples = digits();
        let codes = first.encode(&samples).expect("digits");
        let (one, two) = (second.probabilities(&samples), second.head(&codes));
        let difference = largest_difference(&one.expect("digits"), &two.expect("codes"));
        assert!(difference <= 1e-5, "{kind}: probabilities differ by {difference}");
        let (one, two) = (second.logits(&samples).expect("digits"), second.head_logits(&codes).expect("codes"));
        let largest = one.iter().fold(1.0f32, |most, logit| most.max(logit.abs()));
        let difference = largest_difference(&one, &two);
        assert!(difference <= 1e-5 * largest, "{kind}: logits up to {largest} differ by {difference}");
    }
}

#[test]
fn transfer_and_classify_report_the_same_test_accuracy() {
    let sandbox = Sandbox::new();
    let reported = report(&sandbox, &format!("transfer {} --data digits --out head", zoo("vae")));
    let classified = report(&sandbox, "classify head --data digits --part test");
    assert_eq!(reported["test"]["accuracy"], classified["accuracy"]);
}

#[test]
fn the_printed_command_classifies_the_test_part() {
    let sandbox = Sandbox::new();
    let transferred = sandbox.run_ok(&format!("transfer {} --labels-per-class 500 --out head", zoo("vae")));
    let stdout = transferred.stdout;
    let head = sandbox.path("head");
    let command = format!("classify {} --data digits --part test --out predictions.csv\n", head.display());
    assert!(stdout.ends_with(&command), "{stdout}");
    assert!(
        transferred.stderr.contains("10 of 10 classes have fewer than 500 training rows"),
        "{}",
        transferred.stderr
    );
    let table = sandbox.run_ok("classify head --data digits --part test").stdout;
    assert!(table.contains(" of 360 test rows)"), "{table}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_selects_other_labels() {
    let sandbox = Sandbox::new();
    let line = format!("transfer {} --data digits --labels-per-class 5", zoo("ae"));
    for (out, seed) in [("one", 3), ("two", 3), ("other", 4)] {
        sandbox.run_ok(&format!("{line} --seed {seed} --out {out}"));
    }
    assert!(sandbox.content_of("one") == sandbox.content_of("two"));
    assert!(sandbox.content_of("one") != sandbox.content_of("other"));
    let manifest: Value = serde_json::from_str(&sandbox.read_text("one/manifest.json")).expect("JSON");
    assert_eq!(manifest["training"]["data"]["train_rows"], 50);
    assert_eq!(manifest["classes"].as_array().map(Vec::len), Some(10));
}

#[test]
fn fine_tuning_lowers_the_training_loss_and_changes_the_encoder_weights() {
    let sandbox = Sandbox::new();
    let report = report(
        &sandbox,
        &format!(
            "transfer {} --data digits --fine-tune --encoder-learning-rate 0.001 --epochs 8 --out tuned",
            zoo("ae")
        ),
    );
    let loss = |report: &Value| report["log_loss"].as_f64().expect("a number");
    assert!(loss(&report["train"]) < 0.7 * loss(&report["frozen"]["train"]), "{report}");
    sandbox.run_ok("verify tuned");
    let classifier = ClassifierBundle::open(sandbox.path("tuned")).and_then(|bundle| bundle.read("classifier.onnx"));
    let classifier =
        onnx::Model::decode(classifier.expect("a graph").as_slice()).expect("a model").graph.expect("a graph");
    let before = Bundle::open(zoo("ae")).and_then(|bundle| bundle.read(ENCODER)).expect("the zoo");
    let before = onnx::Model::decode(before.as_slice()).expect("a model").graph.expect("a graph");
    assert_eq!(classifier.node[..before.node.len()], before.node[..]);
    assert_ne!(classifier.initializer[..before.initializer.len()], before.initializer[..]);
    let inspected = sandbox.run_ok("inspect tuned").stdout;
    assert!(inspected.contains("fine-tuned with the head"), "{inspected}");

    let scratch = sandbox
        .run_ok(&format!("transfer {} --data digits --fine-tune --from-scratch --epochs 2 --out new", zoo("ae")));
    assert!(!scratch.stderr.contains("frozen codes"), "no head is fitted on an encoder that is reinitialised");
    sandbox.run_ok("verify new");
}

#[test]
fn fine_tuning_on_augmented_images_changes_the_model_and_is_recorded() {
    let sandbox = Sandbox::new();
    for (flags, out) in [("", "plain"), ("--augment rotate:10,shift:1", "one"), ("--augment rotate:10,shift:1", "two")]
    {
        let line = format!("transfer {} --data digits --fine-tune --epochs 2 {flags} --out {out}", zoo("ae"));
        sandbox.run_ok(&line);
    }
    assert!(sandbox.content_of("one") == sandbox.content_of("two"));
    let graph = |bundle: &str| std::fs::read(sandbox.path(&format!("{bundle}/classifier.onnx"))).expect("a graph");
    assert!(graph("plain") != graph("one"));
    let manifest = |bundle: &str| sandbox.read_text(&format!("{bundle}/manifest.json"));
    assert!(manifest("one").contains("rotate:10") && !manifest("plain").contains("augment"));
}

#[test]
fn a_head_with_hidden_layers_stops_by_its_validation_rows() {
    let sandbox = Sandbox::new();
    let report =
        report(&sandbox, &format!("transfer {} --data digits --head mlp:32,16 --epochs 30 --out head", zoo("pca")));
    assert_eq!(report["trials"].as_array().map(Vec::len), Some(4));
    assert!(
        report["held_out_rows"].as_u64() > Some(100) && report["valid"]["accuracy"].as_f64() > Some(0.8),
        "{report}"
    );
    sandbox.run_ok("verify head");
}

/// Returns a table with three columns and a target that is a function of them.
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
fn a_regressor_predicts_unseen_rows_in_the_unit_of_the_target() {
    let sandbox = Sandbox::new();
    sandbox.write("train.csv", table(0..120));
    sandbox.write("test.csv", table(120..160));
    sandbox.run_ok("train-export pca --data train.csv --ignore price --latent 3 --out model");
    let line = "transfer model --data train.csv --label-column price --test test.csv --task regression --out head";
    assert_refused([
        check_refusal(
            &sandbox,
            &format!("{line} --label-fraction 0.001"),
            &["1 labelled row with a single target value"],
        ),
        check_refusal(
            &sandbox,
            &format!("{line} --labels-per-class 5"),
            &["--labels-per-class has no effect on a regression, which has no classes"],
        ),
        check_refusal(&sandbox, &format!("{line} --label-efficiency"), &["a regression has none"]),
    ]);
    let printed = sandbox.run_ok(line).stdout;
    let (head, data) = (sandbox.path("head"), sandbox.path("test.csv"));
    let command =
        format!("classify {} --data {} --label-column price --out predictions.csv", head.display(), data.display());
    assert!(printed.contains(&command), "{printed}");
    let fitted = report(&sandbox, line);
    assert!(fitted["test"]["r2"].as_f64() > Some(0.999), "{fitted}");
    sandbox.run_ok("verify head");
    let model = Classifier::open(sandbox.path("head")).expect("just written");
    let sample = ArrayD::from_shape_vec(vec![1, 3], vec![1.0f32, 0.0, 0.0]).expect("a row");
    let predicted = model.predict(&sample).expect("three columns")[[0, 0]];
    assert!((predicted - 290_000.0).abs() < 500.0, "{predicted}");
    let classified = report(&sandbox, "classify head --data test.csv --label-column price");
    assert!(classified["r_squared"].as_f64() > Some(0.999), "{classified}");
}

#[test]
fn targets_can_come_from_a_separate_file() {
    let sandbox = Sandbox::new();
    let rows = Array2::from_shape_fn((80, 2), |(row, column)| ((row * (column + 3)) as f32 * 0.37).sin());
    sandbox.write_npy("rows.npy", &rows);
    sandbox.write_npy("targets.npy", &rows.map_axis(ndarray::Axis(1), |row| row[0] - 2.5 * row[1]));
    sandbox.run_ok("train-export pca --data rows.npy --latent 2 --out model");
    let line = "transfer model --data rows.npy --labels targets.npy --task regression --out head";
    assert!(report(&sandbox, line)["train"]["r2"].as_f64() > Some(0.999));
}

#[cfg(unix)]
#[test]
fn an_interrupted_transfer_leaves_only_its_run_and_keeps_existing_files() {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("transfer {} --data digits --out there", zoo("vae")));
    let before = sandbox.content();
    let line = format!("transfer {} --data digits --fine-tune --epochs 100000 --valid-fraction 0", zoo("vae"));
    for (out, pause) in [("there", 300), ("new/deeper/head", 300), ("there", 20), ("other", 60)] {
        let mut command = sandbox.command(&format!("{line} --out {out}"));
        let mut child = command.stderr(std::process::Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(std::time::Duration::from_millis(pause));
        let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(sent.expect("every unix has kill").success());
        // Before the program listens for signals, the signal itself ends it.
        let code = child.wait().expect("our own child").code();
        assert!(matches!(code, Some(143) | None), "{out} after {pause} ms: {code:?}");
        // A run that has begun remains, and can be resumed.
        let after = sandbox.content().into_iter().filter(|(path, _)| !path.starts_with("runs")).collect();
        assert!(before == after, "{out} after {pause} ms");
    }
}

#[test]
fn the_table_of_label_efficiency_is_printed_and_written_in_three_formats() {
    let sandbox = Sandbox::new();
    let report = report(&sandbox, &format!("transfer {} --data digits --label-efficiency=3 --out head", zoo("vae")));
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
            .map(|accuracy| accuracy.as_f64().expect("a number"))
            .collect::<Vec<_>>()
    };
    for row in rows {
        let accuracies = accuracies(row);
        assert!(accuracies.is_sorted_by(|few, many| few < &(many + 0.03)), "more labels give a higher accuracy: {row}");
    }
    assert!(accuracies(&rows[0])[3] > 0.85 && accuracies(&rows[0])[0] < 0.85, "{}", rows[0]);
    let written: Value = serde_json::from_str(&sandbox.read_text("head/label-efficiency.json")).expect("JSON");
    assert_eq!(&written, table);
    assert!(sandbox.read_text("head/label-efficiency.txt").contains("1437 labels"));
    assert!(sandbox.read_text("head/label-efficiency.svg").contains("number of training labels"));
    sandbox.run_ok("verify head");
}

#[test]
fn data_and_bundles_that_do_not_allow_transfer_are_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.write("plain.csv", "a,b,c\n1,2,3\n2,1,4\n3,5,1\n4,4,2\n");
    sandbox.write("one.csv", "a,b,c,kind\n1,2,3,x\n2,1,4,x\n3,5,1,x\n");
    sandbox.write("many.csv", "a,b,c,kind\n1,2,3,p\n2,1,4,q\n3,5,1,r\n");
    sandbox.write("gap.csv", "a,b,c,kind\n1,2,3,p\n2,,4,q\n3,5,1,p\n");
    sandbox.write("wide.csv", "a,b,c,d,kind\n1,2,3,1,p\n2,1,4,2,q\n3,5,1,3,p\n");
    sandbox.run_ok("train-export pca --data plain.csv --latent 2 --out model");
    sandbox.write("good.csv", "a,b,c,kind\n1,2,3,p\n2,4,4,q\n3,5,1,p\n5,5,2,q\n");
    sandbox.run_ok("pack model packed.narrows");
    let cvae = zoo("cvae");
    let of = |words: &str| format!("transfer model --out head {words}");
    let packed = "transfer packed.narrows --out head --data good.csv --label-column kind --fine-tune";
    assert_refused(
        [
            (format!("transfer {cvae} --data digits --out head"), "zoo/cvae` is a cvae, whose encoder needs the class"),
            (of("--data plain.csv"), "training data `plain.csv`: there are no labels; pass --labels"),
            (of("--data one.csv --label-column kind"), "all rows (3) have the same class"),
            (of("--data many.csv --label-column kind"), "no class has two rows"),
            (of("--data gap.csv --label-column kind"), "--missing"),
            (of("--data many.csv --label-column kind --task regression"), "the label of row 0 is `p`"),
            (of("--data digits"), "has samples of shape [8, 8], the encoder takes [3]"),
            (of("--data wide.csv --label-column kind --columns a,b"), "the encoder takes [3]"),
            (of("--data gap.csv --label-column kind --missing mean"), "was trained without --missing mean"),
            (packed.to_owned(), "`packed.narrows` contains no weights, which --fine-tune needs"),
            ("transfer model --data good.csv --label-column kind --out model".to_owned(), "would be lost"),
            (of("--data good.csv --label-column kind --columns c,b,a"), "in another order than the encoder expects"),
            (
                of("--data good.csv --label-column kind --head mlp:18446744073709551615"),
                "more than 268435456 parameters",
            ),
            (format!("transfer {} --data digits --valid digits --out head", zoo("vae")), "is used both for training"),
        ]
        .map(|(line, expected)| check_refusal(&sandbox, &line, &[expected])),
    );
}

#[test]
fn all_options_without_an_effect_are_reported_at_once() {
    let sandbox = Sandbox::new();
    let line = format!(
        "transfer {} --data digits --epochs 3 --corruption masking:0.1 --augment flip --momentum 0.5 --weight-decay -1",
        zoo("ae")
    );
    let parts = [
        "--epochs has no effect on a linear head",
        "--corruption needs --fine-tune",
        "--augment needs --fine-tune",
        "--momentum is an option of sgd",
        "--weight-decay must be a finite weight of at least 0, got -1",
    ];
    sandbox.write("wrong.toml", "haed = \"linear\"\n");
    assert_refused([
        check_refusal(&sandbox, &line, &parts),
        check_refusal(&sandbox, &format!("transfer {} --config wrong.toml", zoo("ae")), &["did you mean `head`?"]),
    ]);
}

#[test]
fn a_class_with_a_single_row_is_used_for_training() {
    let sandbox = Sandbox::new();
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
    sandbox.write("table.csv", text);
    sandbox.run_ok("train-export pca --data table.csv --ignore kind --latent 2 --out model");
    let report = report(&sandbox, "transfer model --data table.csv --label-column kind --out head");
    assert_eq!(report["fitted_rows"], 30);
    sandbox.run_ok("verify head");
}
