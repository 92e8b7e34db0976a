//! Parts of data and new data beside a model: taken by the names of columns, from memory or from disk alike, and
//! never written over.

use std::fmt::Write as _;

use crate::{
    place::Place,
    refusal::{assert_none, complaint},
};

const ROWS: usize = 90;

/// A table of three columns with units of their own, a name and a class; its columns in the order of `columns`.
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

fn place() -> Place {
    let place = Place::new();
    place.write("train.csv", table(&["id", "a", "b", "c", "kind"]));
    place.write("mixed.csv", table(&["c", "kind", "b", "id", "a"]));
    place
}

const READ: &str = "--ignore id --label-column kind";

#[test]
fn columns_are_taken_by_their_names_wherever_they_stand() {
    let place = place();
    let trained =
        place.done(&format!("train-export pca --latent 2 --data train.csv {READ} --test mixed.csv --out model --json"));
    let told: serde_json::Value = serde_json::from_str(&trained.stdout).expect("an object");
    let test = told["test"]["loss"].as_f64().expect("a test part");
    // The rows are those of the training part, a tenth of which was held out.
    assert!(test < 2.0, "{test}");
    assert!(trained.stderr.contains("stand among the rows to train on"), "{}", trained.stderr);
    place.done("encode model --data train.csv --label-column kind --out one.npy");
    place.done("encode model --data mixed.csv --out other.npy");
    place.done(&format!("encode model --data mixed.csv {READ} --out third.npy"));
    assert_eq!(place.read_npy("one.npy"), place.read_npy("other.npy"));
    assert_eq!(place.read_npy("one.npy"), place.read_npy("third.npy"));
    assert_none([complaint(
        &place,
        "encode model --data mixed.csv --columns c,b,a --out z.npy",
        &["mixed", "another order", "--columns"],
    )]);
}

#[test]
fn rows_on_disk_make_the_bytes_of_rows_in_memory_and_files_are_not_written_over() {
    let place = place();
    let train =
        format!("train-export ae --epochs 2 --latent 2 --data train.csv {READ} --scale robust --valid-fraction 0.2");
    place.done(&format!("{train} --out memory"));
    place.done(&format!("{train} --memory 1KB --out disk"));
    assert!(place.content_of("memory") == place.content_of("disk"));
    assert_none([
        complaint(&place, "encode memory --data train.csv --out train.csv", &["train.csv", "the data that is read"]),
        complaint(
            &place,
            "train ae --data train.csv --valid train.csv --ignore id,kind",
            &["train.csv", "given twice"],
        ),
        complaint(&place, "train ae --data train.csv --missing keep --ignore id,kind", &["`missing`", "mean, median"]),
    ]);
}

#[test]
fn a_conditional_model_wants_the_classes_of_every_part() {
    let place = place();
    place.write("labels.csv", (0..ROWS).map(|row| format!("{}\n", row % 3)).collect::<String>());
    place.write("plain.csv", table(&["a", "b", "c"]));
    place.write("other.csv", table(&["a", "b", "c"]));
    assert_none([
        complaint(
            &place,
            "train cvae --data plain.csv --labels labels.csv --valid other.csv",
            &["`valid` has no labels", "--valid-labels"],
        ),
        complaint(
            &place,
            "train cvae --data plain.csv --labels labels.csv --test other.csv",
            &["`test` has no labels", "--test-labels"],
        ),
    ]);
    place.done("train cvae --epochs 1 --data plain.csv --labels labels.csv --test other.csv --test-labels labels.csv");
}

#[test]
fn what_was_missing_is_filled_in_again_and_what_is_too_large_is_said() {
    let place = place();
    let gaps = table(&["a", "b", "c"]).replace("\n3,", "\n,");
    place.write("gaps.csv", &gaps);
    place.done("train-export pca --latent 2 --data gaps.csv --missing mean --out model");
    place.done("encode model --data gaps.csv --out z.npy");
    assert!(place.read_npy("z.npy").iter().all(|code| code.is_finite()));
    place.write("codes.csv", "z0,z1\n0,0\n3e38,-3e38\n");
    assert_none([
        complaint(
            &place,
            "encode model --data gaps.csv --missing median --out z.npy",
            &["another --missing", "leave it out"],
        ),
        complaint(&place, "decode model --codes codes.csv --out x.npy", &["row 1", "not finite"]),
    ]);
}
