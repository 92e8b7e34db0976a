//! A model remembers how its training data was read, so its flags need not be said again.

use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// Folders of four images of 6 x 4 pixels in two classes.
const GREY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/fixtures/images/grey");
const COLOUR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/fixtures/images/rgb");

fn report(sandbox: &Sandbox, line: &str) -> Value {
    serde_json::from_str(&sandbox.run_ok(&format!("{line} --json")).stdout).expect("one object")
}

/// Returns 60 rows of two columns, `kind` and `id`, with this delimiter and decimal sign.
fn table(delimiter: char, decimal: char) -> String {
    let number = |value: f64| format!("{value:.3}").replace('.', &decimal.to_string());
    let rows = (0..60).map(|row| {
        let kind = if row % 3 == 0 { "cat" } else { "dog" };
        let [a, b] = [(f64::from(row) * 0.7).sin() * 40.0, (f64::from(row) * 1.3).cos()].map(number);
        [a, b, kind.to_owned(), row.to_string()].join(&delimiter.to_string()) + "\n"
    });
    ["a", "b", "kind", "id"].join(&delimiter.to_string()) + "\n" + &rows.collect::<String>()
}

#[test]
fn the_size_and_the_channels_of_images_are_remembered() {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("train-export pca --data {COLOUR} --resize 3x2 --channels grey --latent 1 --out small"));
    sandbox.run_ok(&format!("train-export pca --data {COLOUR} --latent 1 --out colour"));
    for (model, data) in [("small", COLOUR), ("small", GREY), ("colour", GREY)] {
        sandbox.run_ok(&format!("encode {model} --data {data} --out z.npy"));
        assert_eq!(sandbox.read_npy("z.npy").shape(), [4, 1], "{model} {data}");
        sandbox.run_ok(&format!("score {model} --data {data} --out s.npy"));
        sandbox.run_ok(&format!("evaluate {model} --data {data}"));
    }
    let line = format!("encode small --data {COLOUR} --resize 6x4 --channels rgb --out x.npy");
    assert_refused([check_refusal(&sandbox, &line, &["[4, 6, 3]", "--resize 3x2 --channels grey"])]);
}

#[test]
fn the_label_column_is_remembered() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(',', '.'));
    let trained = "--data t.csv --label-column kind --ignore id";
    sandbox.run_ok(&format!("train-export pca {trained} --latent 1 --out model"));
    sandbox.run_ok(&format!("train-export cvae {trained} --latent 1 --epochs 2 --out cvae"));
    sandbox.run_ok("transfer model --data t.csv --out head");
    for line in ["evaluate model", "evaluate cvae", "classify head"] {
        let said = report(&sandbox, &format!("{line} --data t.csv --label-column kind"));
        assert_eq!(report(&sandbox, &format!("{line} --data t.csv")), said, "{line}");
    }
    assert!(report(&sandbox, "classify head --data t.csv")["accuracy"].is_number());
    for line in ["encode cvae", "reconstruct cvae", "score cvae"] {
        sandbox.run_ok(&format!("{line} --data t.csv --out x.csv"));
    }
}

#[test]
fn data_without_the_label_column_is_read_without_labels() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(',', '.'));
    sandbox.write("new.csv", "a,b\n1,2\n3,4\n");
    sandbox.write_npy("new.npy", &ndarray::array![[1.0_f32, 2.0], [3.0, 4.0]]);
    sandbox.run_ok("train-export pca --data t.csv --label-column kind --ignore id --latent 1 --out model");
    sandbox.run_ok("train-export cvae --data t.csv --label-column kind --ignore id --latent 1 --epochs 2 --out cvae");
    for data in ["new.csv", "new.npy"] {
        sandbox.run_ok(&format!("encode model --data {data} --out z.npy"));
        assert_eq!(sandbox.read_npy("z.npy").shape(), [2, 1], "{data}");
    }
    assert_refused([
        check_refusal(&sandbox, "encode cvae --data new.csv --out x.csv", &["needs the class of every sample"]),
        // What the user says is not left out.
        check_refusal(&sandbox, "encode model --data new.csv --label-column kind --out x.csv", &["kind"]),
    ]);
}

#[test]
fn the_dialect_of_a_table_is_remembered() {
    let sandbox = Sandbox::new();
    sandbox.write("t.csv", table(',', '.'));
    sandbox.write("local.csv", table(';', ','));
    let dialect = "--data local.csv --delimiter ; --decimal ,";
    sandbox.run_ok(&format!("train-export pca {dialect} --columns a,b --latent 1 --out model"));
    sandbox.run_ok("encode model --data local.csv --out z.npy");
    let remembered = sandbox.read_npy("z.npy");
    sandbox.run_ok("encode model --data t.csv --delimiter , --decimal . --out z.npy");
    assert_eq!(sandbox.read_npy("z.npy"), remembered, "the user has the last word");
}
