//! Standard input as data, and standard output for rows: both are written `-`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use ndarray::Array2;
use ndarray_npy::ReadNpyExt;

use crate::sandbox::{Outcome, Sandbox, outcome};

/// Runs the program with these bytes on standard input, and returns its outcome with the bytes of standard output.
fn run_with(sandbox: &Sandbox, line: &str, input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    let mut command = sandbox.command(line);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    let bytes = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().expect("our own child");
    writer.join().expect("it does not panic");
    (output.status.code(), output.stdout, String::from_utf8(output.stderr).expect("text"))
}

/// Returns a sandbox with a table, an array of the same features, and models.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let row = |row: u32| {
        format!("{},{},{},{row}\n", row % 7, row * row % 11, if row.is_multiple_of(2) { "cat" } else { "dog" })
    };
    sandbox.write("t.csv", "a,b,kind,id\n".to_owned() + &(0..200).map(row).collect::<String>());
    sandbox.write_npy("t.npy", &Array2::from_shape_fn((50, 2), |(row, column)| (row % (5 + column)) as f32));
    for kind in ["ae", "vae"] {
        let data = "--data t.csv --label-column kind --ignore id";
        sandbox.run_ok(&format!("train-export {kind} {data} --latent 1 --epochs 2 --out {kind}"));
    }
    sandbox
}

#[test]
fn rows_of_standard_input_give_the_same_output_as_rows_of_a_file() {
    let sandbox = sandbox();
    for file in ["t.csv", "t.npy"] {
        let bytes = std::fs::read(sandbox.path(file)).expect("just written");
        for (verb, format) in
            [("encode ae", "csv"), ("reconstruct vae", "npy"), ("score vae", "parquet"), ("denoise ae", "csv")]
        {
            sandbox.run_ok(&format!("{verb} --data {file} --out expected.{format}"));
            let expected = std::fs::read(sandbox.path(&format!("expected.{format}"))).expect("written");
            let line = format!("{verb} --data - --out - --format {format}");
            let (code, stdout, stderr) = run_with(&sandbox, &line, &bytes);
            assert_eq!(code, Some(0), "{line}: {stderr}");
            assert!(stdout == expected, "{line}: {} bytes instead of {}", stdout.len(), expected.len());
            assert!(stderr.contains("to standard output"), "{line}: {stderr}");
        }
    }
    let names: Vec<_> = sandbox.content().into_keys().filter(|path| path.to_string_lossy().contains("std")).collect();
    assert!(names.is_empty() && sandbox.leftover_files().is_empty(), "{names:?}");
}

#[test]
fn a_table_and_an_array_of_standard_input_are_recognised_unless_the_format_is_named() {
    let sandbox = sandbox();
    let [csv, npy] = ["t.csv", "t.npy"].map(|file| std::fs::read(sandbox.path(file)).expect("just written"));
    let describe = |flags: &str, bytes: &[u8]| {
        let (code, stdout, stderr) = run_with(&sandbox, &format!("data - {flags} --json"), bytes);
        let report = serde_json::from_slice::<serde_json::Value>(&stdout).unwrap_or_default();
        (code, report["name"].clone(), report["columns"].clone(), stderr)
    };
    assert_eq!(describe("--ignore kind,id", &csv).2, serde_json::json!(["a", "b"]));
    let (code, name, columns, _) = describe("", &npy);
    assert_eq!((code, name, columns), (Some(0), serde_json::json!("stdin"), serde_json::Value::Null));
    let (code, _, _, stderr) = describe("--input-format npy", &csv);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("standard input: the header is not a valid .npy header"), "{stderr}");
    // The flag also names the format of a file whose ending does not.
    std::fs::copy(sandbox.path("t.npy"), sandbox.path("t.bin")).expect("writable");
    sandbox.run_ok("encode ae --data t.bin --input-format npy --out z.npy");
    let refused = sandbox.run("encode ae --data digits --input-format npy --out z.npy");
    assert!(refused.stderr.contains("--input-format does not apply to a named data set"), "{}", refused.stderr);
}

#[test]
#[cfg(unix)]
fn commands_are_joined_by_pipes_and_a_reader_that_stops_early_is_no_error() {
    let sandbox = sandbox();
    let narrows = env!("CARGO_BIN_EXE_narrows");
    let shell =
        |line: &str| outcome(Command::new("bash").args(["-o", "pipefail", "-c", line]).current_dir(sandbox.path("")));
    let Outcome { code, stdout, stderr } = shell(&format!(
        "cat t.csv | {narrows} encode ae --data - --out - --format csv \
         | {narrows} decode ae --codes - --out - --format csv --quiet"
    ));
    assert_eq!((code, stdout.lines().next()), (Some(0), Some("kind,id,a,b")), "{stderr}");
    assert_eq!(stdout.lines().count(), 201);
    // More than the buffer of a pipe.
    let Outcome { code, stdout, stderr } =
        shell(&format!("{narrows} generate vae --count 100000 --out - --format csv | head -1"));
    assert_eq!((code, stdout.as_str()), (Some(0), "a,b\n"), "{stderr}");
    assert!(!stderr.contains("error"), "{stderr}");
}

#[test]
fn the_report_goes_to_standard_error_where_rows_go_to_standard_output() {
    let sandbox = sandbox();
    let mut command = sandbox.command("score vae --data t.npy --out - --format npy");
    let output = command.output().expect("the program starts");
    let scores = ndarray::Array1::<f32>::read_npy(&output.stdout[..]).expect("nothing but an array");
    assert_eq!(scores.len(), 50);
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(stderr.contains("reconstruction") && stderr.contains("over 50 rows"), "{stderr}");
    let quiet = sandbox.run_ok("score vae --data t.npy --out - --format csv --quiet");
    assert!(quiet.stderr.is_empty() && quiet.stdout.starts_with("squared_error"), "{quiet:?}");
}

#[test]
fn a_model_that_is_trained_on_standard_input_prints_no_step_that_waits_for_it() {
    let sandbox = sandbox();
    let csv = std::fs::read(sandbox.path("t.csv")).expect("just written");
    let flags = "--data - --label-column kind --ignore id --latent 1 --epochs 2";
    let (code, stdout, stderr) = run_with(&sandbox, &format!("train-export ae {flags} --out piped"), &csv);
    let stdout = String::from_utf8(stdout).expect("text");
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.contains("verify") && !stdout.contains(" - "), "{stdout}");
    let encoders =
        ["ae", "piped"].map(|model| std::fs::read(sandbox.path(&format!("{model}/encoder.onnx"))).expect(model));
    assert!(encoders[0] == encoders[1], "the graphs differ");
}

#[test]
fn standard_streams_that_exclude_each_other_are_a_usage_error() {
    let sandbox = sandbox();
    for (line, mention) in [
        ("score vae --data t.csv --out - --format csv --json", "--out - and --json both write to standard output"),
        ("score vae --data t.csv --out -", "pass --format, for example --format csv"),
        ("train-export ae --data t.csv --out -", "this command cannot write"),
        ("train-export ae --data - --test -", "--data and --test are both standard input"),
        ("encode ae --data t.csv --out - --format png", "--format is png, but this command writes npy, csv or parquet"),
        ("classify ae --data t.csv --format csv", "--out"),
    ] {
        let before = sandbox.content();
        let Outcome { code, stdout, stderr } = sandbox.run(line);
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{line}: {stderr}");
        assert!(stderr.contains(mention), "{line}: {stderr}");
        assert!(sandbox.content() == before, "{line}: files changed");
    }
    let refused = sandbox.run("encode ae --data - --out -  --format csv");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("standard input is empty"), "{}", refused.stderr);
}

#[test]
fn a_temporary_folder_that_is_missing_is_named_with_its_variable() {
    let sandbox = sandbox();
    let missing = sandbox.path("missing");
    let mut command = sandbox.command("encode ae --data t.csv --out - --format csv");
    let refused = outcome(command.env("TMPDIR", &missing));
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{}", refused.stderr);
    let names_both = refused.stderr.contains(&missing.display().to_string()) && refused.stderr.contains("TMPDIR");
    assert!(names_both, "{}", refused.stderr);
}
