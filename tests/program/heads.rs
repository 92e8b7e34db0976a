//! Heads of `transfer` that are of no use, and labels that a head does not know.

use ndarray::{Array1, Array2, ShapeBuilder};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

/// Returns a sandbox with the encoder of a table with the columns a and b.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let table = |target: &dyn Fn(u32) -> String| {
        let row = |row: u32| format!("{},{},{}\n", row % 7, (row * row) % 11, target(row));
        "a,b,y\n".to_owned() + &(0..200).map(row).collect::<String>()
    };
    sandbox.write("rising.csv", table(&|row| (row % 7).to_string()));
    sandbox.write("falling.csv", table(&|row| (100 - row % 7).to_string()));
    sandbox.write("cats.csv", table(&|row| if row % 7 < 3 { "cat" } else { "dog" }.to_owned()));
    sandbox.write("again.csv", table(&|row| if row % 7 < 3 { "cat" } else { "dog" }.to_owned()));
    sandbox.write("swapped.csv", table(&|row| if row % 7 < 3 { "dog" } else { "cat" }.to_owned()));
    sandbox.write("birds.csv", table(&|row| if row % 7 < 3 { "cat" } else { "bird" }.to_owned()));
    sandbox.run_ok("train-export pca --data rising.csv --ignore y --latent 2 --out encoder");
    sandbox
}

#[test]
fn a_head_that_is_worse_than_a_constant_guess_on_test_rows_is_written_only_if_it_is_accepted() {
    let sandbox = sandbox();
    let number = "transfer encoder --data rising.csv --label-column y --task regression --test falling.csv --out head";
    let class = "transfer encoder --data cats.csv --label-column y --test swapped.csv --out head";
    assert_refused([
        check_refusal(
            &sandbox,
            number,
            &["worse than a constant guess on the test rows: its root mean squared error is", "--accept-poor"],
        ),
        check_refusal(&sandbox, class, &["test rows: its accuracy is 0.00 %", "most frequent class"]),
    ]);
    for line in [number, class] {
        let accepted = sandbox.run_ok(&format!("{line} --accept-poor"));
        assert!(accepted.stderr.contains("warning: the head is worse than a constant guess"), "{}", accepted.stderr);
        sandbox.run_ok("verify head");
    }
    sandbox.run_ok("transfer encoder --data cats.csv --label-column y --test again.csv --out head");
}

#[test]
fn a_class_that_the_head_does_not_know_is_named_with_the_remedy() {
    let sandbox = sandbox();
    sandbox.run_ok("transfer encoder --data cats.csv --label-column y --out head");
    assert_refused([check_refusal(
        &sandbox,
        "classify head --data birds.csv --out p.csv",
        &[
            "labels of `birds.csv`: there is no class `bird`, this model has `cat`, `dog`",
            "train the head on rows of that class",
        ],
    )]);
}

/// The targets of a row: both follow from its features, and the second one is in another unit.
fn targets(row: u32) -> [f64; 2] {
    let (a, b) = (f64::from(row % 7), f64::from((row * row) % 11));
    [0.5 * a - b, 1000.0 + 25.0 * b]
}

/// Adds a table with two targets to a sandbox.
fn with_targets(sandbox: &Sandbox) {
    let row = |row: u32| {
        let [x, y] = targets(row);
        format!("{},{},{x},{y}\n", row % 7, (row * row) % 11)
    };
    sandbox.write("two.csv", "a,b,width,height\n".to_owned() + &(0..200).map(row).collect::<String>());
}

#[test]
fn several_label_columns_are_the_targets_of_a_regression_through_export_and_classify() {
    let sandbox = sandbox();
    with_targets(&sandbox);
    let line =
        "transfer encoder --data two.csv --test two.csv --label-column width,height --task regression --out head";
    // A file is not both the training and the test part.
    sandbox.write(
        "test.csv",
        sandbox.read_text("two.csv").lines().take(101).map(|line| line.to_owned() + "\n").collect::<String>(),
    );
    let report =
        sandbox.run_ok(&format!("{} --strict --json", line.replace("--test two.csv", "--test test.csv"))).stdout;
    let report: Value = serde_json::from_str(&report).expect("JSON");
    let figure = |name: &str| report["test"][name].as_f64().unwrap_or(f64::NAN);
    for name in ["r2", "r2.width", "r2.height"] {
        assert!(figure(name) > 0.999, "{name}: {report}");
    }
    assert!((figure("rmse") - (figure("rmse.width") + figure("rmse.height")) / 2.0).abs() < 1e-9, "{report}");
    let manifest: Value = serde_json::from_str(&sandbox.read_text("head/manifest.json")).expect("JSON");
    assert_eq!((&manifest["targets"], &manifest["target_names"]), (&2.into(), &serde_json::json!(["width", "height"])));
    assert_eq!(manifest["graphs"]["whole"]["outputs"][0]["shape"], serde_json::json!([2]));
    assert!(sandbox.read_text("head/README.md").contains("2 target values (width, height)"));
    sandbox.run_ok("verify head");

    // The model remembers its label columns.
    let compared = sandbox.run_ok("classify head --data test.csv --out p.csv");
    assert_eq!(sandbox.read_text("p.csv").lines().next(), Some("width,height,prediction_width,prediction_height"));
    for text in ["prediction_height", "means over the targets: root mean squared error", "R squared 1.0000"] {
        assert!(compared.stdout.contains(text), "{text}: {}", compared.stdout);
    }
    sandbox.write("new.csv", "b,a\n3,2\n");
    sandbox.run_ok("classify head --data new.csv --out q.csv");
    let row = sandbox.read_text("q.csv");
    let values: Vec<f64> =
        row.lines().nth(1).expect("a row").split(',').map(|cell| cell.parse().expect("a number")).collect();
    assert!((values[0] + 2.0).abs() < 1e-2 && (values[1] - 1075.0).abs() < 1.0, "{row}");
    let wrong = sandbox.run("classify head --data test.csv --label-column width");
    assert!(
        wrong.stderr.contains("predicts 2 numbers; name their columns with --label-column A,B"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn targets_of_an_array_and_of_a_parquet_file_are_read_like_those_of_a_table() {
    let sandbox = sandbox();
    with_targets(&sandbox);
    let codes = Array2::from_shape_fn((200, 2), |(row, column)| {
        let row = row as u32;
        if column == 0 { (row % 7) as f32 } else { ((row * row) % 11) as f32 }
    });
    sandbox.write_npy("x.npy", &codes);
    sandbox.write_npy("one.npy", &Array1::from_shape_fn(200, |row| targets(row as u32)[0]));
    let both = Array2::from_shape_fn((200, 2), |(row, target)| targets(row as u32)[target]);
    sandbox.write_npy("both.npy", &both);
    let mut columns = Array2::zeros((200, 2).f());
    columns.assign(&both);
    sandbox.write_npy("columns.npy", &columns);
    // A writer of Parquet files that every platform has: our own.
    sandbox.run_ok("train-export pca --data two.csv --latent 4 --out all");
    sandbox.run_ok("reconstruct all --data two.csv --out two.parquet");
    let r_squared = |flags: &str, name: &str| {
        let line = format!("transfer encoder {flags} --task regression --out head --json");
        let report: Value = serde_json::from_str(&sandbox.run_ok(&line).stdout).expect("JSON");
        report["train"][name].as_f64().unwrap_or(f64::NAN)
    };
    for (flags, name) in [
        ("--data x.npy --labels one.npy", "r2"),
        ("--data x.npy --labels both.npy", "r2.1"),
        ("--data x.npy --labels columns.npy", "r2.1"),
        ("--data two.parquet --label-column width", "r2"),
        ("--data two.parquet --label-column height,width", "r2.height"),
        ("--data two.csv --label-column 2,3", "r2.3"),
    ] {
        let found = r_squared(flags, name);
        assert!(found > 0.999, "{flags}: {found}");
    }
}

#[test]
fn several_label_columns_of_a_classification_are_said_to_be_combined() {
    let sandbox = sandbox();
    sandbox.write("pets.csv", "a,b,kind,size\n".to_owned() + &"1,2,cat,big\n3,4,dog,big\n5,9,cat,small\n".repeat(9));
    let described = sandbox.run_ok("data pets.csv --label-column kind,size");
    assert!(described.stdout.contains("cat;big") && described.stdout.contains("dog;big"), "{}", described.stdout);
    assert!(described.stderr.contains("each combination is a class"), "{}", described.stderr);
    assert_refused([
        check_refusal(&sandbox, "data pets.csv --label-column kind,kind", &["`kind` is selected twice"]),
        check_refusal(&sandbox, "data pets.csv --label-column kind,colour", &["pets.csv has no column `colour`"]),
    ]);
    // A name with a comma is the name of one column.
    sandbox.write("comma.csv", "a,\"b,c\"\n1,x\n2,y\n");
    let named = sandbox.run_ok("data comma.csv --label-column b,c").stdout;
    assert!(named.contains("x") && named.contains("y"), "{named}");
}
