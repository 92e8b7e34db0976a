//! Notes on the data: every verb that reads data prints each once, `--json` reports them, and `--strict` refuses them.

use ndarray::Array2;
use serde_json::Value;

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

const NOTE: &str = "note: twice.csv: column 1 (counted from 0) is another `x` and is called `x.1`";

/// Returns a sandbox with a table in which a name occurs twice, and with bundles of models of it.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let row = |row: u32| format!("{},{},{}\n", row % 7, row * row % 11, row % 2);
    sandbox.write("twice.csv", "x,x,kind\n".to_owned() + &(0..60).map(row).collect::<String>());
    for line in [
        "train-export pca --data twice.csv --label-column kind --latent 1 --out model",
        "detect fit model --data twice.csv --false-alarms 0.25 --out detector",
        "transfer model --data twice.csv --label-column kind --out head",
    ] {
        sandbox.run_ok(line);
    }
    sandbox
}

/// Commands that read the table and print a report.
const REPORTING: [&str; 14] = [
    "data twice.csv",
    "train pca --data twice.csv --latent 1 --run run",
    "train-export pca --data twice.csv --latent 1 --out other",
    "compare pca --data twice.csv --latent 1 --seeds 1 --out compared",
    "detect fit model --data twice.csv --false-alarms 0.25 --out new-detector",
    "detect run detector --data twice.csv",
    "drift detector --data twice.csv",
    "transfer model --data twice.csv --label-column kind --out new-head",
    "classify head --data twice.csv --label-column kind",
    "evaluate model --data twice.csv",
    "score model --data twice.csv --out scores.csv",
    "score detector --by anomaly --data twice.csv --out scores.csv",
    "report model --data twice.csv --out report.html",
    "fit-prior model --data twice.csv --components 1 --out fitted",
];

/// Commands that read the table and print no report.
const WRITING: [&str; 2] =
    ["encode model --data twice.csv --out codes.csv", "reconstruct model --data twice.csv --out reconstructions.csv"];

#[test]
fn every_verb_that_reads_data_prints_a_note_once_and_reports_it_in_json() {
    let sandbox = sandbox();
    for line in REPORTING.iter().chain(&WRITING) {
        let stderr = sandbox.run_ok(line).stderr;
        assert_eq!(stderr.matches(NOTE).count(), 1, "{line}: {stderr}");
    }
    std::fs::remove_dir_all(sandbox.path("run")).expect("the run of the first loop");
    for line in REPORTING {
        let outcome = sandbox.run_ok(&format!("{line} --json --quiet"));
        assert_eq!(outcome.stderr, "", "{line}");
        let report: Value = serde_json::from_str(&outcome.stdout).expect("one object");
        let notes = report["notes"].as_array().unwrap_or_else(|| panic!("{line}: {report:#}"));
        let found: Vec<_> = notes.iter().map(|note| (note["code"].as_str(), note["place"].as_str())).collect();
        assert_eq!(found, [(Some("names"), Some("twice.csv"))], "{line}");
        assert!(notes[0]["text"].as_str().is_some_and(|text| text.starts_with("column 1 ")), "{line}: {notes:?}");
    }
}

#[test]
fn a_note_is_an_object_of_the_json_log() {
    let sandbox = sandbox();
    let stderr = sandbox.run_ok("encode model --data twice.csv --out codes.csv --log-format json").stderr;
    let events = stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object in each line"));
    let notes: Vec<Value> = events.filter(|event| event["code"] == "names").collect();
    assert_eq!(notes.len(), 1, "{stderr}");
    assert_eq!((&notes[0]["event"], &notes[0]["place"]), (&"note".into(), &"twice.csv".into()));
}

#[test]
fn strict_makes_an_error_of_a_note_and_writes_nothing() {
    let sandbox = sandbox();
    let lines = REPORTING.iter().chain(&WRITING).map(|line| format!("{line} --strict"));
    assert_refused(lines.map(|line| check_refusal(&sandbox, &line, &["is called `x.1` (--strict"])));
}

#[test]
fn without_notes_strict_changes_nothing_and_the_list_is_empty() {
    let sandbox = Sandbox::new();
    let report = sandbox.run_ok("data digits --strict --json").stdout;
    let report: Value = serde_json::from_str(&report).expect("one object");
    assert_eq!(report["notes"], serde_json::json!([]));
}

#[test]
fn rows_in_another_unit_than_the_training_data_are_counted() {
    let sandbox = Sandbox::new();
    let unit = Array2::from_shape_fn((60, 3), |(row, column)| ((row * (column + 2)) % 11) as f32 / 10.0);
    sandbox.write_npy("unit.npy", &unit);
    // Every second row is in bytes, with at least one value above 2.
    let mixed = Array2::from_shape_fn((60, 3), |(row, column)| {
        if row % 2 == 0 { unit[[row, column]] } else { 255.0 * unit[[row, column]] + 3.0 }
    });
    sandbox.write_npy("mixed.npy", &mixed);
    sandbox.write("labels.csv", (0..60).map(|row| format!("{}\n", row % 2)).collect::<String>());
    sandbox.run_ok("train-export pca --data unit.npy --latent 2 --out model");
    sandbox.run_ok("transfer model --data unit.npy --labels labels.csv --out head");
    let note = "note: mixed.npy: 30 of 60 rows lie far outside the range of the training data, 0 to 1: their values go from 3 \
                to 258; convert the data to the unit of the training data";
    for line in [
        "encode model --out x.npy",
        "reconstruct model --out x.npy",
        "score model --out x.npy",
        "classify head --out x.npy",
        "evaluate model",
    ] {
        let stderr = sandbox.run_ok(&format!("{line} --data mixed.npy")).stderr;
        assert_eq!(stderr.matches(note).count(), 1, "{line}: {stderr}");
        let inside = sandbox.run_ok(&format!("{line} --data unit.npy")).stderr;
        assert!(!inside.contains("far outside"), "{line}: {inside}");
    }
    std::fs::remove_file(sandbox.path("x.npy")).expect("an output");
    let strict = "encode model --data mixed.npy --out x.npy --strict";
    assert_refused([check_refusal(&sandbox, strict, &["30 of 60 rows lie far outside"])]);
    let stderr = sandbox.run_ok("transfer model --data mixed.npy --labels labels.csv --out new-head").stderr;
    assert!(stderr.contains("note: mixed: its values go from 0 to 258, far outside"), "{stderr}");
}
