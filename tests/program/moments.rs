//! Training on a sample with the moments of a larger data set.

use std::{fmt::Write, fs};

use narrows_bundle::{Bundle, Moments, sha256_hex};
use ndarray::{Array2, Axis};

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const COLUMNS: [&str; 4] = ["age", "height", "weight", "income"];

/// 400 rows of four related columns, whose later rows have larger values.
fn rows() -> Array2<f32> {
    Array2::from_shape_fn((400, 4), |(row, column)| {
        let (row, column) = (row as f32, column as f32);
        10.0 * column + 0.1 * row * (column + 1.0) + 5.0 * (0.7 * row + column * column).sin()
    })
}

fn csv(rows: &Array2<f32>) -> String {
    let mut text = COLUMNS.join(",") + "\n";
    for row in rows.rows() {
        let cells: Vec<String> = row.iter().map(f32::to_string).collect();
        writeln!(text, "{}", cells.join(",")).expect("writing to memory");
    }
    text
}

fn names() -> Option<Vec<String>> {
    Some(COLUMNS.map(str::to_owned).to_vec())
}

/// Returns a sandbox with all rows, a sample of them, and the moments of all rows.
fn sandbox() -> Sandbox {
    let (sandbox, rows) = (Sandbox::new(), rows());
    sandbox.write("all.csv", csv(&rows));
    sandbox.write("sample.csv", csv(&rows.select(Axis(0), &(0..400).step_by(4).collect::<Vec<_>>())));
    Moments::of(&rows.view(), names()).write(&sandbox.path("m.safetensors")).expect("moments of rows");
    sandbox
}

#[test]
fn a_pca_of_a_sample_with_moments_is_that_of_all_rows_and_a_proved_bundle_with_a_record() {
    let sandbox = sandbox();
    sandbox.run_ok("train-export pca --data all.csv --valid-fraction 0 --latent 2 --out all");
    let outcome =
        sandbox.run_ok("train-export pca --data sample.csv --moments m.safetensors --latent 2 --out pca --json");
    assert!(outcome.stderr.contains("of 400 rows"), "{}", outcome.stderr);
    let sha256 = sha256_hex(&fs::read(sandbox.path("m.safetensors")).expect("a file"));
    let report: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("a report");
    assert_eq!(report["moments"], serde_json::json!({"sha256": sha256, "count": 400}));

    let manifest = |name| Bundle::open(sandbox.path(name)).expect("a bundle").manifest().clone();
    let (found, expected) = (manifest("pca"), manifest("all"));
    let record = found.training.moments.expect("a record");
    assert_eq!((record.sha256.as_str(), record.count), (sha256.as_str(), 400));
    assert_eq!(found.training.configuration["moments"], "m.safetensors", "without its folder");
    assert_eq!(found.sample.range, expected.sample.range);
    assert!(found.parity.is_some_and(|parity| parity.encoder.holds()) && expected.training.moments.is_none());

    sandbox.run_ok("verify pca");
    let inspected = sandbox.run_ok("inspect pca").stdout;
    assert!(inspected.contains(&format!("of 400 rows, SHA-256 {sha256}")), "{inspected}");
    assert!(sandbox.read_text("pca/README.md").contains("of 400 rows, of which the rows here are a sample"));
    for name in ["pca", "all"] {
        sandbox.run_ok(&format!("encode {name} --data all.csv --out {name}.npy"));
    }
    let (found, expected) = (sandbox.read_npy("pca.npy"), sandbox.read_npy("all.npy"));
    let difference = (&found - &expected).iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    assert!(found.shape() == [400, 2] && difference < 1e-4, "codes differ by {difference}");
}

#[test]
fn a_network_is_scaled_by_moments_from_a_flag_or_a_configuration_file() {
    let sandbox = sandbox();
    sandbox.write("c.toml", "kind = \"vae\"\nepochs = 1\nhidden = [8]\nlatent = 2\nmoments = \"m.safetensors\"\n");
    sandbox.run_ok("train-export --config c.toml --data sample.csv --out by-file --run runs/by-file");
    let flags = "vae --epochs 1 --hidden 8 --latent 2";
    sandbox.run_ok(&format!("train-export {flags} --data sample.csv --moments m.safetensors --out by-flag"));
    assert!(sandbox.content_of("by-file") == sandbox.content_of("by-flag"));
    sandbox.run_ok(&format!("train-export {flags} --data all.csv --valid-fraction 0 --out all"));
    sandbox.run_ok(&format!("train-export {flags} --data sample.csv --out sample"));
    let scale = |name| Bundle::open(sandbox.path(name)).expect("a bundle").manifest().scaling.scale.clone();
    let close = |one: Vec<f32>, other: Vec<f32>| one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-4);
    assert!(close(scale("by-flag"), scale("all")) && !close(scale("by-flag"), scale("sample")));
    assert!(sandbox.run_ok("config by-flag").stdout.contains("moments = \"m.safetensors\""));
    assert!(sandbox.run_ok("config vae").stdout.contains("# moments = "));
}

#[test]
fn a_run_resumes_with_the_same_moments_wherever_the_file_is() {
    for kind in ["pca", "ae --epochs 1 --hidden 8"] {
        let sandbox = sandbox();
        sandbox.run_ok(&format!("train {kind} --latent 2 --data sample.csv --moments m.safetensors --run r"));
        sandbox.run_ok("export r --out first");
        fs::rename(sandbox.path("m.safetensors"), sandbox.path("moved.safetensors")).expect("a file");
        let changed = Moments { count: 500, ..Moments::of(&rows().view(), names()) };
        changed.write(&sandbox.path("other.safetensors")).expect("other moments");
        assert_refused([
            check_refusal(&sandbox, "train --resume r", &["`moments`", "m.safetensors", "No such file"]),
            check_refusal(&sandbox, "train --resume r --moments other.safetensors", &["other moments", "SHA-256"]),
            check_refusal(&sandbox, "export r --moments other.safetensors --out b", &["other moments"]),
        ]);
        sandbox.run_ok("export r --moments moved.safetensors --out second");
        let weights = |folder: &str| fs::read(sandbox.path(folder).join("weights.safetensors")).expect("a file");
        assert_eq!(weights("first"), weights("second"));
        sandbox.run_ok("train --resume r --moments moved.safetensors");
        sandbox.run_ok("train --resume r");
    }
    let sandbox = sandbox();
    sandbox.run_ok("train pca --latent 2 --data sample.csv --run r");
    assert_refused([check_refusal(&sandbox, "train --resume r --moments m.safetensors", &["other moments", "none"])]);
}

#[test]
fn moments_of_other_data_and_senseless_flags_are_refused() {
    let (sandbox, rows) = (sandbox(), rows());
    let write = |name: &str, rows: &Array2<f32>, names: Option<Vec<String>>| {
        Moments::of(&rows.view(), names).write(&sandbox.path(name)).expect("moments of rows");
    };
    write("narrow.safetensors", &rows.select(Axis(1), &[0, 1, 2]), None);
    write("part.safetensors", &rows.select(Axis(0), &(0..50).collect::<Vec<_>>()), names());
    write("unnamed.safetensors", &rows, None);
    write("reversed.safetensors", &rows, names().map(|names| names.into_iter().rev().collect()));
    let renamed = ["age", "height", "mass", "income"].map(str::to_owned).to_vec();
    write("renamed.safetensors", &rows, Some(renamed));
    sandbox.write("text.safetensors", "no tensors");
    sandbox.write("mixed.csv", "age,city\n1,Bern\n2,Rome\n3,Bern\n4,Rome\n");
    let cases: [(&str, &[&str]); 13] = [
        ("pca --moments narrow.safetensors", &["--moments", "moments of 3 features", "has 4"]),
        ("pca --moments part.safetensors", &["is of other data", "column `age`"]),
        ("vae --moments part.safetensors", &["is of other data"]),
        ("pca --moments unnamed.safetensors", &["no `columns`", "`age`, `height`"]),
        ("pca --moments reversed.safetensors", &["column `income` at position 0", "--columns"]),
        ("pca --moments renamed.safetensors", &["column `mass` at position 2", "the data has `weight`"]),
        ("pca --moments text.safetensors", &["names no moments file", "not a safetensors file"]),
        ("pca --moments missing.safetensors", &["missing.safetensors", "No such file"]),
        ("pca --moments .", &["not a regular file"]),
        ("pca --moments m.safetensors --latent 5", &["at most 4 components", "400 rows"]),
        ("pca --moments m.safetensors --scale robust", &["--scale", "needs quantiles"]),
        ("ae --moments m.safetensors --scale none", &["--moments", "does not scale"]),
        ("ae --moments m.safetensors --data mixed.csv", &["columns of other types"]),
    ];
    let line = |flags: &str| {
        let data = if flags.contains("--data") { "" } else { " --data sample.csv" };
        let latent = if flags.contains("--latent") { "" } else { " --latent 2" };
        format!("train-export {flags}{data}{latent} --out b")
    };
    assert_refused(cases.map(|(flags, mentions)| check_refusal(&sandbox, &line(flags), mentions)));
}
