//! Names that are hard to write down: not UTF-8, with line breaks and control characters, or too long.
#![cfg(target_os = "linux")]

use std::{ffi::OsStr, os::unix::ffi::OsStrExt, process::Command, time::Instant};

use crate::{
    refusal::{assert_refused, check_refusal, check_refusal_of},
    sandbox::{Sandbox, outcome},
};

/// Returns a command whose words are separated by spaces, and whose `?` are a byte that is not UTF-8.
fn command(sandbox: &Sandbox, line: &str) -> Command {
    let mut command = sandbox.command("");
    for word in line.split(' ') {
        let bytes: Vec<u8> = word.bytes().map(|byte| if byte == b'?' { 0xff } else { byte }).collect();
        command.arg(OsStr::from_bytes(&bytes));
    }
    command
}

#[test]
fn outputs_bundles_and_runs_may_have_names_that_are_not_utf_8() {
    let sandbox = Sandbox::new();
    for line in [
        "train ae --epochs 1 --hidden 8 --run r?",
        "train --resume r? --epochs 2",
        "export r? --out b?",
        "encode b? --data digits --out z?.csv",
        "pack b? p?.narrows",
        "verify p?.narrows",
        "report b? --data digits --out page?.html",
        "detect fit b? --calibration-part test --out d?",
    ] {
        let outcome = outcome(&mut command(&sandbox, line));
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
    }
    assert!(sandbox.leftover_files().is_empty());
}

#[test]
fn other_arguments_that_are_not_utf_8_are_named() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("").join(OsStr::from_bytes(b"t\xff.csv")), "a,b\n1,2\n").expect("writable");
    let lines = ["data t?.csv", "train ae --data t?.csv", "train ? --epochs 1", "train ae --epochs ?"];
    let mentions: [&[&str]; 4] = [&[r"t\xFF.csv"], &[r"t\xFF.csv"], &[r"\xFF"], &[r"\xFF"]];
    assert_refused(lines.into_iter().zip(mentions).map(|(line, mentions)| {
        let all = [mentions, &["not valid UTF-8", "rename the file"][..]].concat();
        check_refusal_of(&sandbox, &mut command(&sandbox, line), &all)
    }));
}

#[test]
fn a_line_break_or_a_control_character_of_an_argument_does_not_look_like_a_message_of_the_program() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 8 --out model");
    let name = "a\nerror: b\u{1b}[2J";
    for words in [
        &["inspect", name][..],
        &["verify", name],
        &["encode", "model", "--data", name, "--out", "z.csv"],
        &["encode", "model", "--data", "digits", "--out", &format!("{name}.txt")],
        &["encode", "model", "--data", "digits", "--out", &format!("{name}/z.csv")],
        &["train", name],
        &["train", "ae", "--epochs", name],
        &["train", "ae", "--config", name],
        &["train", "--resume", name],
        &[name],
    ] {
        let outcome = outcome(sandbox.command("").args(words));
        assert!(matches!(outcome.code, Some(1 | 2)), "{words:?}: {}", outcome.stderr);
        let errors = outcome.stderr.lines().filter(|line| line.starts_with("error:")).count();
        assert_eq!(errors, 1, "{words:?}: {}", outcome.stderr);
        // `verify` prints its checks, and the first one names the bundle.
        let printed = outcome.stdout + &outcome.stderr;
        assert!(!printed.contains('\u{1b}'), "{words:?}: {printed}");
        assert_eq!(printed.lines().filter(|line| line.starts_with("error:")).count(), 1, "{words:?}: {printed}");
    }
    let outcome = outcome(sandbox.command("").args(["train", "ae", "--epochs", "1", "--run", name]));
    assert!(outcome.code == Some(0) && !outcome.stderr.lines().any(|line| line.starts_with("error:")), "{outcome:?}");
}

#[test]
fn a_name_that_is_too_long_is_refused_before_any_work_and_a_path_of_many_folders_at_once() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 8 --run run --out model");
    let long = "n".repeat(252);
    let deep = "n/".repeat(40_000);
    let start = Instant::now();
    assert_refused(
        [
            format!("train-export ae --epochs 100000 --out {long}nnnn"),
            format!("train ae --epochs 100000 --run {long}nnnn"),
            format!("export run --out {long}nnnn"),
            format!("encode model --data digits --out {long}.csv"),
            format!("report model --data digits --out {long}.html"),
            format!("pack model {long}nnnn"),
            format!("detect fit --data digits --out {long}nnnn"),
            format!("train-export ae --epochs 100000 --out {deep}model"),
            format!("train ae --epochs 100000 --run {deep}run"),
            format!("detect fit --data digits --out {deep}model"),
        ]
        .iter()
        .map(|line| check_refusal(&sandbox, line, &["cannot", "File name too long"])),
    );
    // Ten commands that do nothing. Before, each ancestor of a long path was looked up, which took minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
