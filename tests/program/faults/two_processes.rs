//! Two processes with one output at the same time: each ends well or says why it does not, and the output is that of
//! one of them, complete.

use std::process::{Child, Output, Stdio};

use crate::{
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
};

fn start(sandbox: &Sandbox, line: &str) -> Child {
    let mut command = sandbox.command(line);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

/// Starts a command several times at once, and returns the exit codes with the messages.
fn at_once(sandbox: &Sandbox, line: &str, count: usize) -> Vec<(Option<i32>, String)> {
    let children: Vec<Child> = (0..count).map(|_| start(sandbox, line)).collect();
    let outcome = |child: Child| {
        let Output { status, stderr, .. } = child.wait_with_output().expect("our own child");
        (status.code(), String::from_utf8(stderr).expect("text"))
    };
    children.into_iter().map(outcome).collect()
}

#[test]
fn processes_that_write_the_same_file_or_bundle_all_end_well_and_one_complete_output_remains() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run run --out expected");
    sandbox.run_ok("encode expected --data digits --out expected.csv");
    // The first round creates the output, the second one replaces it.
    for _ in 0..2 {
        for line in ["encode expected --data digits --out z.csv", "export run --out bundle"] {
            for (code, stderr) in at_once(&sandbox, line, 3) {
                // A run that another process exports at this moment is locked.
                assert!(code == Some(0) || stderr.contains("another process uses the run `run`"), "{line}: {stderr}");
            }
        }
    }
    assert_eq!(sandbox.read_text("z.csv"), sandbox.read_text("expected.csv"));
    assert!(sandbox.content_of("bundle") == sandbox.content_of("expected"));
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}

#[test]
fn processes_that_publish_a_bundle_at_the_same_place_all_end_well() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --out model");
    let before = sandbox.content_of("model");
    for round in 0..2 {
        let line = "detect fit model --calibration-part test --out detector";
        for (code, stderr) in at_once(&sandbox, line, 3) {
            assert_eq!(code, Some(0), "round {round}: {stderr}");
        }
    }
    sandbox.run_ok("verify detector");
    assert!(sandbox.content_of("model") == before);
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}

#[test]
fn of_two_processes_that_train_the_same_run_one_is_refused() {
    let sandbox = Sandbox::new();
    let line = "train-export ae --epochs 300 --hidden 16 --run run --out bundle";
    let outcomes = at_once(&sandbox, line, 2);
    let done = outcomes.iter().filter(|(code, _)| *code == Some(0)).count();
    assert_eq!(done, 1, "{outcomes:?}");
    let (code, refused) = outcomes.iter().find(|(code, _)| *code != Some(0)).expect("one of two");
    assert_eq!(*code, Some(1), "{refused}");
    let is_clear = refused.contains("another process uses the run") || refused.contains("is not empty");
    assert!(is_clear && refused.contains("`run`") && !refused.contains("panicked"), "{refused}");
    sandbox.run_ok("verify bundle");
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}

#[test]
fn a_bundle_does_not_replace_the_run_that_it_is_made_of() {
    let sandbox = Sandbox::new();
    let flags = "train-export ae --epochs 1 --hidden 16";
    let line = |run| format!("{flags} --out x --run {run}");
    assert_refused(
        ["x", "x/run"].map(|run| check_refusal(&sandbox, &line(run), &["--out", "--run", "another folder"])),
    );
    sandbox.run_ok(&format!("{flags} --out x/bundle --run x"));
    sandbox.run_ok("train --resume x --epochs 2");
}
