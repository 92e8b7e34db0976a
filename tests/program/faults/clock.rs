//! A clock that goes backwards, and files from the future: nothing that is trained or written depends on them.
#![cfg(unix)]

use std::{
    fs::File,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use crate::sandbox::{Outcome, Sandbox, outcome};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[test]
fn a_run_and_a_bundle_from_the_future_are_used_and_replaced() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 2 --hidden 16 --run expected-run --out expected");
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run run --out bundle");
    sandbox.run_ok("encode bundle --data digits --out z.csv");
    let tomorrow = SystemTime::now() + DAY;
    for path in sandbox.content().into_keys() {
        let set = File::open(sandbox.path(&path.to_string_lossy())).and_then(|file| file.set_modified(tomorrow));
        set.expect("our own file");
    }
    sandbox.run_ok("verify bundle");
    sandbox.run_ok("train-export --resume run --epochs 2 --out bundle");
    sandbox.run_ok("encode bundle --data digits --out z.csv");
    assert!(sandbox.content_of("bundle") == sandbox.content_of("expected"));
    assert!(sandbox.leftover_files().is_empty(), "{:?}", sandbox.leftover_files());
}

/// Runs the program at another time, with libfaketime.
fn at(sandbox: &Sandbox, time: &str, line: &str) -> Outcome {
    let program = sandbox.command(line);
    let mut command = Command::new("faketime");
    command.args(["-f", time]).arg(program.get_program()).args(program.get_args()).current_dir(sandbox.path(""));
    outcome(command.stdin(Stdio::null()))
}

/// Whether there is libfaketime. Otherwise says so.
fn has_faketime() -> bool {
    let has = Command::new("faketime").arg("--version").output().is_ok();
    if !has {
        println!("not tested, because there is no faketime (Debian: apt-get install faketime)");
    }
    has
}

#[test]
fn a_run_that_is_resumed_before_it_was_started_ends_in_the_same_bundle() {
    if !has_faketime() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 4 --hidden 16 --run expected-run --out expected");
    for (time, line) in [
        ("@2031-05-01 12:00:00", "train ae --epochs 2 --hidden 16 --run run"),
        ("@2001-05-01 12:00:00", "train-export --resume run --epochs 4 --out bundle"),
    ] {
        let outcome = at(&sandbox, time, line);
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
    }
    assert!(sandbox.content_of("bundle") == sandbox.content_of("expected"));
}

#[test]
fn a_clock_that_runs_backwards_during_a_run_does_not_stop_it() {
    if !has_faketime() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 4 --hidden 16 --run expected-run --out expected");
    // An hour earlier for every second, for the time of the day and for the clock that should never go backwards.
    let line = "train-export ae --epochs 4 --hidden 16 --checkpoint-every 0.1s --run run --out bundle";
    let outcome = at(&sandbox, "+0 x-3600", line);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(sandbox.content_of("bundle") == sandbox.content_of("expected"));
}
