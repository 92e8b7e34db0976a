//! Variables of the environment that are missing, wrong or of another country: a bundle has the same bytes, or the
//! error names the variable.
#![cfg(unix)]

use crate::sandbox::{Outcome, Sandbox, outcome};

const LINE: &str = "train-export ae --epochs 2 --hidden 16 --run run --out bundle";

/// Runs a command with a variable set, or without it.
fn with(sandbox: &Sandbox, line: &str, name: &str, value: Option<&str>) -> Outcome {
    let mut command = sandbox.command(line);
    match value {
        Some(value) => command.env(name, value),
        None => command.env_remove(name),
    };
    outcome(&mut command)
}

#[test]
fn the_environment_does_not_change_a_bundle() {
    let expected = Sandbox::new();
    expected.run_ok(LINE);
    for (name, value) in [
        ("HOME", None),
        ("PATH", None),
        ("HOME", Some("/nonexistent")),
        ("TMPDIR", Some("/nonexistent")),
        ("LC_ALL", Some("tr_TR.UTF-8")),
        ("LC_ALL", Some("de_DE")),
        ("LC_ALL", Some("C")),
        ("LANG", Some("nonsense")),
        ("TZ", Some("nonsense")),
        ("TERM", Some("nonsense")),
        ("COLUMNS", Some("-1")),
        ("OMP_NUM_THREADS", Some("foo")),
        ("RAYON_NUM_THREADS", Some("foo")),
        ("RAYON_NUM_THREADS", Some("1")),
        ("NARROWS_THREADS", Some("nonsense")),
        ("NARROWS_MEMORY", Some("nonsense")),
    ] {
        let sandbox = Sandbox::new();
        let outcome = with(&sandbox, LINE, name, value);
        assert_eq!(outcome.code, Some(0), "{name}={value:?}: {}", outcome.stderr);
        assert!(sandbox.content_of("bundle") == expected.content_of("bundle"), "{name}={value:?}: other bytes");
    }
}

#[test]
fn a_number_of_threads_that_no_machine_has_is_lowered() {
    let sandbox = Sandbox::new();
    for name in ["RAYON_NUM_THREADS", "OMP_NUM_THREADS"] {
        let line = LINE.replace("run --out", &format!("{name} --out"));
        let outcome = with(&sandbox, &line, name, Some("100000000"));
        assert_eq!(outcome.code, Some(0), "{name}: {}", outcome.stderr);
    }
}

#[test]
fn a_temporary_folder_that_is_missing_is_named_by_the_checks_that_need_it() {
    let sandbox = Sandbox::new();
    sandbox.run_ok(LINE);
    let outcome = with(&sandbox, "verify bundle", "TMPDIR", Some("/nonexistent"));
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("`/nonexistent`") && outcome.stdout.contains("TMPDIR"), "{}", outcome.stdout);
}
