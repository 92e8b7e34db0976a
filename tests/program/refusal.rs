//! Checks that apply to every refused command.

use std::process::Command;

use crate::sandbox::{Outcome, Sandbox, outcome};

/// Runs a command that the program must refuse. Returns a description of what is wrong with the refusal; `None` if the
/// exit code is 1 or 2, standard error ends with the only error, which contains everything in `mentions`, and no file
/// changed. The lines of an error after its first one are indented.
pub(crate) fn check_refusal(sandbox: &Sandbox, line: &str, mentions: &[&str]) -> Option<String> {
    check_refusal_of(sandbox, &mut sandbox.command(line), mentions)
}

/// Like [`check_refusal`], for a prepared command.
pub(crate) fn check_refusal_of(sandbox: &Sandbox, command: &mut Command, mentions: &[&str]) -> Option<String> {
    let before = sandbox.content();
    let outcome = outcome(command);
    let mut problems = problems_of(&outcome, mentions);
    let after = sandbox.content();
    if after != before {
        let new: Vec<_> = after.keys().filter(|path| !before.contains_key(*path)).collect();
        problems.push(format!("files changed; new: {new:?}"));
    }
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let Outcome { stdout, stderr, .. } = outcome;
    (!problems.is_empty()).then(|| {
        format!("narrows {}\n  {}\n  stdout: {stdout}\n  stderr: {stderr}", words.join(" "), problems.join("\n  "))
    })
}

/// Asserts that every command was refused properly, and prints all problems at once.
pub(crate) fn assert_refused(problems: impl IntoIterator<Item = Option<String>>) {
    let problems: Vec<String> = problems.into_iter().flatten().collect();
    assert!(problems.is_empty(), "{} commands were not refused properly:\n{}", problems.len(), problems.join("\n"));
}

fn problems_of(outcome: &Outcome, mentions: &[&str]) -> Vec<String> {
    let mut problems = Vec::new();
    if !matches!(outcome.code, Some(1 | 2)) {
        problems.push(format!("exit code {:?}, expected 1 or 2", outcome.code));
    }
    let errors: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("error:")).collect();
    let last = outcome.stderr.rfind("error:").and_then(|start| outcome.stderr.get(start..)).unwrap_or_default();
    if errors.len() != 1 || last.lines().skip(1).any(|line| !line.starts_with("  ")) {
        problems.push("standard error should end with its only line that begins with `error:`".to_owned());
    }
    for missing in mentions.iter().filter(|mention| !last.contains(**mention)) {
        problems.push(format!("the error should contain `{missing}`"));
    }
    for noise in ["panicked", "RUST_BACKTRACE"].iter().filter(|noise| outcome.stderr.contains(**noise)) {
        problems.push(format!("standard error contains `{noise}`"));
    }
    problems
}
