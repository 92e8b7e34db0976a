//! `--quiet` and `--log-format` change standard error; standard output stays the same.

use serde_json::Value;

use crate::sandbox::Sandbox;

const QUICK: &str = "vae --epochs 3 --hidden 16 --valid-fraction 0.1";

#[test]
fn quiet_prints_only_errors() {
    let sandbox = Sandbox::new();
    for line in [&format!("train {QUICK} --quiet --run r"), "train --resume r --quiet", "export r --quiet --out bundle"]
    {
        let outcome = sandbox.run_ok(line);
        assert!(outcome.stderr.is_empty() && !outcome.stdout.is_empty(), "{line}: {}", outcome.stderr);
    }
    let refused = sandbox.run("train ae --epochs 0 --quiet");
    assert_eq!(refused.stderr.lines().count(), 1, "{}", refused.stderr);
    assert!(refused.stderr.starts_with("error: --epochs"), "{}", refused.stderr);
}

#[test]
fn json_log_is_one_object_per_line_with_a_record_of_every_epoch() {
    let sandbox = Sandbox::new();
    let outcome = sandbox.run_ok(&format!("train-export {QUICK} --log-format json --json --run r --out bundle"));
    let events: Vec<Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).expect("an object on each line")).collect();
    assert!(events.iter().all(|event| event["event"].is_string()), "{events:?}");
    let records: Vec<&Value> =
        events.iter().filter(|event| event["event"] == "epoch").map(|event| &event["record"]).collect();
    let epochs: Vec<u64> = records.iter().filter_map(|record| record["epoch"].as_u64()).collect();
    assert_eq!(epochs, [1, 2, 3]);
    // They are the records in the metrics file of the run.
    let stored: Vec<Value> =
        sandbox.read_text("r/metrics.jsonl").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(records.into_iter().eq(&stored));
    let report: Value = serde_json::from_str(&outcome.stdout).expect("standard output is one object");
    assert_eq!((report["run"].as_str(), report["bundle"].as_str()), (Some("r"), Some("bundle")));

    let refused = sandbox.run("train ae --epochs 0 --log-format json");
    let last: Value = serde_json::from_str(refused.stderr.lines().next_back().expect("a line")).expect("an object");
    assert_eq!((refused.code, last["event"].as_str()), (Some(2), Some("error")));
    assert!(last["message"].as_str().is_some_and(|message| message.contains("--epochs")), "{last}");
}

#[test]
#[cfg(unix)]
fn a_path_that_is_not_utf_8_causes_no_panic() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let sandbox = Sandbox::new();
    let mut command = sandbox.command("train-export ae --epochs 1 --hidden 8 --json --run");
    command.arg(OsStr::from_bytes(b"run\xff")).arg("--out").arg(OsStr::from_bytes(b"bundle\xff"));
    let outcome = crate::sandbox::outcome(&mut command);
    // Some systems do not allow such names and return an error.
    assert!(matches!(outcome.code, Some(0 | 1)), "{}", outcome.stderr);
}
