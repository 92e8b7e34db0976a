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

/// Twenty images of 6 x 4 pixels with 12 bits per channel, in files of 16 bits.
const DEEP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/tests/fixtures/images/deep-png");

#[test]
fn images_of_16_bits_keep_their_grey_levels_from_training_to_pictures() {
    let sandbox = Sandbox::new();
    let described = report(&sandbox, &format!("data {DEEP}"));
    assert_eq!((&described["range"], &described["dtype"]), (&serde_json::json!([0.0, 65535.0]), &"floats".into()));
    sandbox.run_ok(&format!("train-export pca --data {DEEP} --valid-fraction 0 --latent 19 --out model"));
    sandbox.run_ok(&format!("reconstruct model --data {DEEP}/7.png --out x.npy"));
    let level = |pixel: usize| (((pixel / 6 * 977 + pixel % 6 * 331) * 8 + 49 * 61) % 4096) as f32;
    let reconstructed = sandbox.read_npy("x.npy");
    assert_eq!(reconstructed.shape(), [1, 4, 6, 1]);
    for (pixel, value) in reconstructed.iter().enumerate() {
        assert!((value - level(pixel)).abs() < 0.5, "pixel {pixel} is {value}, expected {}", level(pixel));
    }
    sandbox.run_ok(&format!("train-export vae --data {DEEP} --latent 2 --epochs 2 --out vae"));
    for line in [format!("reconstruct model --data {DEEP}"), "generate vae --count 4".to_owned()] {
        sandbox.run_ok(&format!("{line} --out x.png"));
        let bits = std::fs::read(sandbox.path("x.png")).expect("a picture")[24];
        assert_eq!(bits, 16, "{line}");
    }
    let shallow = sandbox.run_ok(&format!("encode model --data {GREY} --out z.npy")).stderr;
    assert!(shallow.contains("8 bits per channel become 16 in 4 images"), "{shallow}");
}

#[test]
fn a_single_image_is_encoded_reconstructed_scored_and_classified() {
    let sandbox = Sandbox::new();
    let photo = format!("{COLOUR}/a/0.PNG");
    sandbox.run_ok(&format!("train-export pca --data {COLOUR} --resize 3x2 --channels grey --latent 1 --out model"));
    sandbox.run_ok(&format!("transfer model --data {COLOUR} --out head"));
    sandbox.run_ok(&format!("encode model --data {COLOUR} --out all.npy"));
    for line in ["encode model", "reconstruct model", "score model", "classify head"] {
        sandbox.run_ok(&format!("{line} --data {photo} --out x.npy"));
        assert_eq!(sandbox.read_npy("x.npy").shape()[0], 1, "{line}");
    }
    sandbox.run_ok(&format!("encode model --data {photo} --out z.npy"));
    assert_eq!(sandbox.read_npy("z.npy")[[0, 0]], sandbox.read_npy("all.npy")[[0, 0]]);
}

#[test]
fn a_grey_image_is_a_sample_of_a_model_of_arrays_without_channels() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export pca --data digits --latent 2 --out model");
    sandbox.run_ok(&format!("encode model --data {GREY} --resize 8x8 --out z.npy"));
    assert_eq!(sandbox.read_npy("z.npy").shape(), [4, 2]);
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
fn days_are_counted_from_the_first_date_of_the_training_data() {
    let sandbox = Sandbox::new();
    let row =
        |row: u32| format!("{},2024-{:02}-{:02}T{:02}:00:00\n", row * row % 17, 1 + row / 28, 1 + row % 28, row % 24);
    let rows: Vec<String> = (0..60).map(row).collect();
    sandbox.write("t.csv", format!("price,when\n{}", rows.concat()));
    sandbox.write(
        "late.csv",
        format!(
            "when,price\n{}",
            rows[50..]
                .iter()
                .map(|row| {
                    let (price, when) = row.trim_end().split_once(',').expect("two cells");
                    format!("{when},{price}\n")
                })
                .collect::<String>()
        ),
    );
    let dates = "--date-columns when=days,when=cyclic";
    sandbox.run_ok(&format!("train-export pca --data t.csv {dates} --latent 3 --out model"));
    let manifest: Value = serde_json::from_str(&sandbox.read_text("model/manifest.json")).expect("one object");
    let recorded = &manifest["training"]["configuration"]["date_columns"];
    assert_eq!(recorded, &serde_json::json!(["when=days:2024-01-01", "when=cyclic"]));
    sandbox.run_ok("encode model --data t.csv --out all.npy");
    for said in ["", dates, "--date-columns when=cyclic,when=days"] {
        sandbox.run_ok(&format!("encode model --data late.csv {said} --out late.npy"));
        let (all, late) = (sandbox.read_npy("all.npy"), sandbox.read_npy("late.npy"));
        assert_eq!(late, all.slice_axis(ndarray::Axis(0), (50..60).into()), "{said}");
    }
    sandbox.write("dates.toml", "data = \"t.csv\"\ndate_columns = [\"when=days\"]\n");
    sandbox.run_ok("train ae --config dates.toml --latent 1 --epochs 1 --run run");
    sandbox.run_ok("export run --out exported");
    sandbox.run_ok("encode exported --data late.csv --out late.npy");
    let days = sandbox.run("train-export pca --data t.csv --latent 1 --out other").stderr;
    assert!(days.contains("types: price") && days.contains("when date"), "{days}");
    assert!(days.contains("pca, which needs numbers"), "{days}");
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
