//! The user's own tables: CSV and NPY, with labels in a column or in a file.

use std::fmt::Write as _;

use ndarray::Array2;

use crate::sandbox::Sandbox;

const ROWS: usize = 60;

/// Three columns around 0. The third is a function of the other two.
fn values() -> Array2<f32> {
    Array2::from_shape_fn((ROWS, 3), |(row, column)| {
        let (a, b) = ((row as f32 * 0.7).sin() * 40.0, (row as f32 * 1.3).cos());
        [a, b, a - 2.0 * b][column]
    })
}

fn csv(label: impl Fn(usize) -> Option<&'static str>) -> String {
    let mut text = String::from("height,weight,age,kind\n");
    if label(0).is_none() {
        text = text.replace(",kind", "");
    }
    for (row, values) in values().outer_iter().enumerate() {
        let label = label(row).map_or(String::new(), |label| format!(",{label}"));
        writeln!(text, "{},{},{}{label}", values[0], values[1], values[2]).expect("writing to memory");
    }
    text
}

#[test]
fn a_table_trains_an_autoencoder_on_standardised_columns() {
    let sandbox = Sandbox::new();
    sandbox.write("table.csv", csv(|_| None));
    sandbox.write_npy("table.npy", &values());
    for file in ["table.csv", "table.npy"] {
        let trained = sandbox.run_ok(&format!("train-export ae --data {file} --latent 2 --epochs 3 --out model"));
        let line = |start: &str| trained.stderr.lines().find(|line| line.starts_with(start)).expect("it is printed");
        assert!(line("likelihood:").contains("gaussian"), "{}", line("likelihood:"));
        assert!(line("scaling:").contains("each column to mean 0 and standard deviation 1"), "{}", line("scaling:"));
        assert!(trained.stdout.contains("valid: "), "a tenth of the rows is held out: {}", trained.stdout);
        sandbox.run_ok("verify model");
        sandbox.run_ok(&format!("encode model --data {file} --out z.csv"));
        let codes = sandbox.read_text("z.csv");
        assert_eq!((codes.lines().count(), codes.lines().next()), (ROWS + 1, Some("z0,z1")));
    }
}

#[test]
fn both_formats_of_one_table_give_the_same_weights() {
    let sandbox = Sandbox::new();
    sandbox.write("table.csv", csv(|_| None));
    sandbox.write_npy("table.npy", &values());
    let weights = |file: &str| {
        sandbox.run_ok(&format!("train-export ae --data {file} --latent 2 --epochs 3 --out model"));
        std::fs::read(sandbox.path("model/weights.safetensors")).expect("the weights")
    };
    assert!(weights("table.csv") == weights("table.npy"));
}

#[test]
fn labels_come_from_a_column_or_from_a_file() {
    let name = |row: usize| if row.is_multiple_of(3) { "cat" } else { "dog" };
    let sandbox = Sandbox::new();
    sandbox.write("labelled.csv", csv(|row| Some(name(row))));
    sandbox.write("table.csv", csv(|_| None));
    sandbox.write("labels.csv", (0..ROWS).map(|row| format!("{}\n", name(row))).collect::<String>());
    for data in [
        "--data labelled.csv --label-column kind",
        "--data labelled.csv --label-column 3",
        "--data table.csv --labels labels.csv",
    ] {
        sandbox.run_ok(&format!("train-export cvae {data} --latent 2 --epochs 3 --out model"));
        sandbox.run_ok(&format!("encode model {data} --out z.npy"));
        assert_eq!(sandbox.read_npy("z.npy").shape(), [ROWS, 2]);
        sandbox.run_ok("generate model --label dog --count 5 --out dogs.csv");
        assert_eq!(sandbox.read_text("dogs.csv").lines().count(), 6);
        let unknown = sandbox.run("generate model --label bird --out birds.csv").stderr;
        assert!(unknown.contains("`bird`") && unknown.contains("`cat`, `dog`"), "{unknown}");
    }
}
