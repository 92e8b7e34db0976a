//! Models process rows in chunks: every file format contains the same values, other columns are passed through, and a
//! failed command leaves no files.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, StringArray, cast::AsArray, types::Int64Type};
use narrows_data::{
    LoadOptions, Reading, RecordBatch,
    write::{Format, Layout, Writer},
};
use ndarray::{Array2, ArrayD, Axis};
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export vae --epochs 2 --hidden 16 --out model");
    sandbox
}

/// Reads the rows of a file, and its other columns.
fn read(sandbox: &Sandbox, file: &str, columns: &str) -> (Array2<f32>, Option<RecordBatch>) {
    let columns = (!columns.is_empty()).then(|| columns.split(',').map(str::to_owned).collect());
    let options = LoadOptions { reading: Reading { columns, ..Reading::default() }, ..LoadOptions::default() };
    let mut streams = narrows_data::stream(&sandbox.path(file).to_string_lossy(), &options).expect("just written");
    let chunk = streams.train.next(usize::MAX, None).expect("readable").expect("rows");
    (chunk.values.to_f32().expect("in memory").into_owned(), chunk.others)
}

#[test]
fn npy_csv_and_parquet_contain_the_same_codes() {
    let sandbox = sandbox();
    for format in ["npy", "csv", "parquet"] {
        sandbox.run_ok(&format!("encode model --out z.{format}"));
        sandbox.run_ok(&format!("score model --out s.{format}"));
    }
    let names = (0..8).map(|index| format!("z{index}")).collect::<Vec<_>>().join(",");
    let (npy, _) = read(&sandbox, "z.npy", "");
    for file in ["z.csv", "z.parquet"] {
        let (codes, others) = read(&sandbox, file, &names);
        assert_eq!(codes, npy, "{file}");
        let others = others.expect("the labels");
        assert_eq!(others.schema().field(0).name(), "label", "{file}");
    }
    let scores = sandbox.read_npy("s.npy");
    for file in ["s.csv", "s.parquet"] {
        assert!(read(&sandbox, file, "reconstruction").0.iter().eq(scores.iter()), "{file}");
    }
    for format in ["npy", "csv", "parquet"] {
        sandbox.run_ok(&format!("decode model --codes z.{format} --out x-{format}.npy"));
    }
    let restored = ["npy", "csv", "parquet"].map(|format| sandbox.read_npy(&format!("x-{format}.npy")));
    assert!(restored[0] == restored[1] && restored[0] == restored[2]);
}

#[test]
fn columns_that_are_not_features_are_passed_through_unchanged() {
    let sandbox = Sandbox::new();
    let values = Array2::from_shape_fn((40, 3), |(row, column)| (row as f32 * (0.7 + column as f32)).sin());
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let identity: ArrayRef =
        Arc::new(StringArray::from_iter((0..40).map(|row| (row != 5).then(|| format!("id-{row}")))));
    let time: ArrayRef = Arc::new(Int64Array::from_iter_values(0..40));
    let others = RecordBatch::try_from_iter([("id", identity), ("time", time)]).expect("equal lengths");
    let file = std::fs::File::create(sandbox.path("table.parquet")).expect("ours");
    let mut writer = Writer::create(file, Format::Parquet, Layout::named(names)).expect("few columns");
    writer.write(&values.view().into_dyn(), Some(&others)).and_then(|()| writer.finish()).expect("a writable folder");

    sandbox.write_npy("table.npy", &values);
    sandbox.run_ok("train-export ae --data table.npy --latent 2 --epochs 2 --hidden 4 --out model");
    sandbox.run_ok("encode model --data table.parquet --columns a,b,c --out z.parquet");
    let (codes, others) = read(&sandbox, "z.parquet", "z0,z1");
    let others = others.expect("both columns");
    assert_eq!(codes.dim(), (40, 2));
    let identity = others.column_by_name("id").expect("it is passed through").as_string::<i32>();
    assert_eq!((identity.value(7), identity.iter().nth(5)), ("id-7", Some(None)));
    let time = others.column_by_name("time").expect("it is passed through").as_primitive::<Int64Type>();
    assert!(time.values().iter().copied().eq(0..40));

    sandbox.run_ok("reconstruct model --data table.parquet --columns a,b,c --out x.csv");
    let text = sandbox.read_text("x.csv");
    assert_eq!(text.lines().next(), Some("id,time,a,b,c"));
    assert!(text.lines().nth(6).is_some_and(|line| line.starts_with(",5,")), "a missing value is an empty cell");
}

#[test]
fn rows_with_missing_values_are_dropped_with_missing_drop() {
    let sandbox = Sandbox::new();
    let values = Array2::from_shape_fn((40, 3), |(row, column)| (row as f32 * (0.7 + column as f32)).sin());
    sandbox.write_npy("complete.npy", &values);
    sandbox.run_ok("train-export ae --data complete.npy --latent 2 --epochs 2 --hidden 4 --out model");
    let mut gaps = values.clone();
    gaps[[3, 1]] = f32::NAN;
    sandbox.write_npy("gaps.npy", &gaps);
    assert_refused([
        check_refusal(
            &sandbox,
            "encode model --data gaps.npy --out z.npy",
            &["gaps.npy", "row 3, column 1", "--missing"],
        ),
        check_refusal(&sandbox, "encode model --data gaps.npy --missing keep --out z.npy", &["--missing drop"]),
    ]);
    let stderr = sandbox.run_ok("encode model --data gaps.npy --missing drop --out z.npy").stderr;
    assert!(stderr.contains("dropped 1 row with missing values"), "{stderr}");
    sandbox.run_ok("encode model --data complete.npy --out all.npy");
    let kept: Vec<usize> = (0..40).filter(|row| *row != 3).collect();
    assert_eq!(sandbox.read_npy("z.npy"), sandbox.read_npy("all.npy").select(Axis(0), &kept));
}

#[test]
fn scores_repeat_with_their_seed_and_are_summarised_as_json() {
    let sandbox = sandbox();
    for (flags, out) in [("", "default"), ("--seed 0", "zero"), ("--seed 1", "one")] {
        let stdout =
            sandbox.run_ok(&format!("score model --part test --by elbo {flags} --json --out {out}.npy")).stdout;
        let report: Value = serde_json::from_str(&stdout).expect("one object");
        assert_eq!((&report["rows"], report["scores"].as_object().map(|scores| scores.len())), (&360.into(), Some(1)));
        let mean = sandbox.read_npy(&format!("{out}.npy")).mean().expect("rows");
        let reported = report["scores"]["elbo"]["mean"].as_f64().expect("a number");
        assert!((reported - f64::from(mean)).abs() < 1e-3, "reported {reported}, expected {mean}");
    }
    let [default, zero, one] = ["default", "zero", "one"].map(|name| sandbox.read_npy(&format!("{name}.npy")));
    assert!(default == zero && default != one);
    sandbox.run_ok("train-export ae --epochs 1 --hidden 8 --out ae");
    assert_refused([check_refusal(
        &sandbox,
        "score ae --by kl --out s.csv",
        &["no kl", "only squared_error and reconstruction"],
    )]);
}

#[test]
fn data_is_described_as_text_and_as_json() {
    let sandbox = Sandbox::new();
    sandbox.write("table.csv", "a,b,kind\n1,5,cat\n2,5,dog\n,5,dog\n");
    let text = sandbox.run_ok("data table.csv --label-column kind").stdout;
    for expected in ["1 of 2 features: 1 (`b`)", "1 value in 1 row and 1 column", "dog"] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    let stdout = sandbox.run_ok("data digits --json --out digits.png").stdout;
    let report: Value = serde_json::from_str(&stdout).expect("one object");
    assert_eq!((&report["parts"][0]["rows"], &report["parts"][1]["rows"]), (&1437.into(), &360.into()));
    assert!(sandbox.path("digits.png").exists());
    assert_refused([
        check_refusal(&sandbox, "data table.csv --label-column kind --out x.png", &["x.png", "not images"]),
        check_refusal(&sandbox, "data nowhere", &["`nowhere`", "expected digits"]),
        check_refusal(&sandbox, "data digits --header no", &["--header", "digits"]),
    ]);
}

/// Writes a file with so many rows that some chunks are written before the last one is read.
fn write_many_rows(sandbox: &Sandbox) -> ArrayD<f32> {
    let values =
        Array2::from_shape_fn((100_000, 64), |(row, column)| ((row * 31 + column * 17) % 16) as f32).into_dyn();
    sandbox.write_npy("many.npy", &values);
    values
}

#[test]
fn a_command_that_fails_half_way_keeps_the_older_file_and_leaves_no_partial_file() {
    let sandbox = sandbox();
    let mut values = write_many_rows(&sandbox);
    values[[99_999, 7]] = f32::INFINITY;
    sandbox.write_npy("many.npy", &values);
    for format in ["npy", "csv", "parquet"] {
        sandbox.write(&format!("z.{format}"), "older");
        let line = format!("encode model --data many.npy --out z.{format}");
        assert_refused([check_refusal(&sandbox, &line, &["many.npy", "row 99999, column 7"])]);
    }
}

#[test]
#[cfg(unix)]
fn a_full_disk_is_reported_and_keeps_the_older_file_and_leaves_no_partial_file() {
    let sandbox = sandbox();
    for format in ["npy", "csv", "parquet"] {
        let out = format!("x.{format}");
        sandbox.write(&out, "older");
        let outcome = crate::disk_full::limited(&sandbox, &format!("reconstruct model --out {out}"), 64);
        let last = outcome.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(outcome.code, Some(1), "{last}");
        assert!(last.starts_with(&format!("error: cannot write `{out}`: ")), "{last}");
        assert!(
            sandbox.leftover_files().is_empty() && sandbox.read_text(&out) == "older",
            "{:?}",
            sandbox.leftover_files()
        );
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_command_leaves_no_files() {
    let sandbox = sandbox();
    write_many_rows(&sandbox);
    let mut child =
        sandbox.command("reconstruct model --data many.npy --quiet --out x.csv").spawn().expect("it starts");
    // The program handles signals as soon as the partial file exists.
    while sandbox.leftover_files().is_empty() && !sandbox.path("x.csv").exists() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    let sent = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("every unix has kill").success());
    let code = child.wait().expect("our own child").code();
    assert_eq!((code, sandbox.path("x.csv").exists()), (Some(130), false));
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}
