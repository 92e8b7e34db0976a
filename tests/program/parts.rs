//! Training, validation and test parts, and new data for a model: columns are matched by name, rows in memory and on
//! disk give the same results, and input files are never overwritten.

use std::fmt::Write as _;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const ROWS: usize = 90;

/// A table of three columns with different scales, an id and a class; the columns are in the order of `columns`.
fn table(columns: &[&str]) -> String {
    let mut text = columns.join(",") + "\n";
    for row in 0..ROWS {
        let cell = |column: &&str| match *column {
            "id" => format!("r{row}"),
            "a" => (row % 7).to_string(),
            "b" => (100 + row % 11).to_string(),
            "c" => (1000 + (row * row) % 13).to_string(),
            _ => ["x", "y"][row % 2].to_owned(),
        };
        let cells: Vec<String> = columns.iter().map(cell).collect();
        writeln!(text, "{}", cells.join(",")).expect("writing to memory");
    }
    text
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("train.csv", table(&["id", "a", "b", "c", "kind"]));
    sandbox.write("mixed.csv", table(&["c", "kind", "b", "id", "a"]));
    sandbox
}

const READ: &str = "--ignore id --label-column kind";

#[test]
fn columns_are_matched_by_name_in_any_order() {
    let sandbox = sandbox();
    let trained = sandbox
        .run_ok(&format!("train-export pca --latent 2 --data train.csv {READ} --test mixed.csv --out model --json"));
    let report: serde_json::Value = serde_json::from_str(&trained.stdout).expect("an object");
    let test = report["test"]["loss"].as_f64().expect("a test part");
    // The test rows are the rows of the training part; a tenth of those was held out.
    assert!(test < 2.0, "{test}");
    assert!(trained.stderr.contains("also among the training rows"), "{}", trained.stderr);
    sandbox.run_ok("encode model --data train.csv --label-column kind --out one.npy");
    sandbox.run_ok("encode model --data mixed.csv --out other.npy");
    sandbox.run_ok(&format!("encode model --data mixed.csv {READ} --out third.npy"));
    assert_eq!(sandbox.read_npy("one.npy"), sandbox.read_npy("other.npy"));
    assert_eq!(sandbox.read_npy("one.npy"), sandbox.read_npy("third.npy"));
    assert_refused([check_refusal(
        &sandbox,
        "encode model --data mixed.csv --columns c,b,a --out z.npy",
        &["mixed", "another order", "--columns"],
    )]);
}

#[test]
fn rows_on_disk_give_the_same_bytes_as_rows_in_memory_and_input_files_are_not_overwritten() {
    let sandbox = sandbox();
    let train =
        format!("train-export ae --epochs 2 --latent 2 --data train.csv {READ} --scale robust --valid-fraction 0.2");
    sandbox.run_ok(&format!("{train} --out memory"));
    sandbox.run_ok(&format!("{train} --memory 1KB --out disk"));
    assert!(sandbox.content_of("memory") == sandbox.content_of("disk"));
    assert_refused([
        check_refusal(&sandbox, "encode memory --data train.csv --out train.csv", &["train.csv", "an input file"]),
        check_refusal(
            &sandbox,
            "train ae --data train.csv --valid train.csv --ignore id,kind",
            &["train.csv", "used both for training"],
        ),
        check_refusal(
            &sandbox,
            "train ae --data train.csv --missing keep --ignore id,kind",
            &["--missing is keep", "mean, median"],
        ),
    ]);
}

#[test]
fn a_conditional_model_needs_the_classes_of_every_part() {
    let sandbox = sandbox();
    sandbox.write("labels.csv", (0..ROWS).map(|row| format!("{}\n", row % 3)).collect::<String>());
    sandbox.write("plain.csv", table(&["a", "b", "c"]));
    sandbox.write("other.csv", table(&["a", "b", "c"]));
    assert_refused([
        check_refusal(
            &sandbox,
            "train cvae --data plain.csv --labels labels.csv --valid other.csv",
            &["--valid `other.csv` has no labels", "--valid-labels"],
        ),
        check_refusal(
            &sandbox,
            "train cvae --data plain.csv --labels labels.csv --test other.csv",
            &["--test `other.csv` has no labels", "--test-labels"],
        ),
    ]);
    sandbox
        .run_ok("train cvae --epochs 1 --data plain.csv --labels labels.csv --test other.csv --test-labels labels.csv");
}

#[test]
fn missing_values_are_filled_in_as_in_training_and_values_that_are_too_large_are_refused() {
    let sandbox = sandbox();
    let gaps = table(&["a", "b", "c"]).replace("\n3,", "\n,");
    sandbox.write("gaps.csv", &gaps);
    sandbox.run_ok("train-export pca --latent 2 --data gaps.csv --missing mean --out model");
    sandbox.run_ok("encode model --data gaps.csv --out z.npy");
    assert!(sandbox.read_npy("z.npy").iter().all(|code| code.is_finite()));
    sandbox.write("codes.csv", "z0,z1\n0,0\n3e38,-3e38\n");
    assert_refused([
        check_refusal(
            &sandbox,
            "encode model --data gaps.csv --missing median --out z.npy",
            &["not trained with --missing median", "leave --missing out"],
        ),
        check_refusal(&sandbox, "decode model --codes codes.csv --out x.npy", &["row 1", "not finite"]),
    ]);
}
