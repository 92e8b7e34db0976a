//! What every refusal has in common.

use std::process::Command;

use crate::place::{Outcome, Place, outcome};

/// What is wrong with the way in which the program refused: nothing, if it ended with 1 and one sentence
/// on standard error that mentions everything in `mentions`, and left the disk as it was.
pub(crate) fn complaint(place: &Place, line: &str, mentions: &[&str]) -> Option<String> {
    complaint_of(place, &mut place.command(line), mentions)
}

/// The same of a command that was prepared further.
pub(crate) fn complaint_of(place: &Place, command: &mut Command, mentions: &[&str]) -> Option<String> {
    let before = place.content();
    let outcome = outcome(command);
    let mut wrong = faults(&outcome, mentions);
    let after = place.content();
    if after != before {
        let new: Vec<_> = after.keys().filter(|path| !before.contains_key(*path)).collect();
        wrong.push(format!("the disk changed; new: {new:?}"));
    }
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
    let Outcome { stdout, stderr, .. } = outcome;
    (!wrong.is_empty()).then(|| {
        format!("narrows {}\n  {}\n  stdout: {stdout}\n  stderr: {stderr}", words.join(" "), wrong.join("\n  "))
    })
}

/// Fails with all complaints at once.
pub(crate) fn assert_none(complaints: impl IntoIterator<Item = Option<String>>) {
    let complaints: Vec<String> = complaints.into_iter().flatten().collect();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

fn faults(outcome: &Outcome, mentions: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    if outcome.code != Some(1) {
        wrong.push(format!("exit code {:?}, expected 1", outcome.code));
    }
    let errors: Vec<&str> = outcome.stderr.lines().filter(|line| line.starts_with("error:")).collect();
    let last = outcome.stderr.lines().next_back().unwrap_or_default();
    if errors != [last] {
        wrong.push("the last line of standard error should be the one that begins with `error:`".to_owned());
    }
    for missing in mentions.iter().filter(|mention| !last.contains(**mention)) {
        wrong.push(format!("the sentence should mention `{missing}`"));
    }
    for noise in ["panicked", "RUST_BACKTRACE"].iter().filter(|noise| outcome.stderr.contains(**noise)) {
        wrong.push(format!("standard error holds `{noise}`"));
    }
    wrong
}
