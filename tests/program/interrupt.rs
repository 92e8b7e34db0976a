//! A run that is interrupted leaves no bundle and no litter, and what was there before stays.
#![cfg(unix)]

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use crate::place::Place;

/// Ends a run with a signal as soon as it reports an epoch; its exit code and the last line.
fn interrupted(place: &Place, line: &str, signal: &str) -> (Option<i32>, String) {
    let mut child: Child = place.command(line).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines().map(|line| line.expect("text"));
    let epoch = lines.by_ref().find(|line| line.starts_with("epoch "));
    assert!(epoch.is_some(), "`{line}` should report an epoch");
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().expect("every unix has kill");
    assert!(sent.success());
    let last = lines.last().unwrap_or_default();
    (child.wait().expect("our own child").code(), last)
}

const LONG: &str = "train-export ae --epochs 10000000 --hidden 16 --out models/ae";

#[test]
fn an_interrupted_run_leaves_nothing() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let (found, last) = interrupted(&place, LONG, signal);
        assert_eq!(found, Some(code), "{last}");
        assert!(last.starts_with("error: interrupted"), "{last}");
        let files: Vec<_> = place.content().into_iter().filter(|(_, bytes)| bytes.is_some()).collect();
        assert!(files.is_empty(), "{files:?}");
        let folders: Vec<_> = place.content().into_keys().collect();
        assert!(folders.iter().all(|folder| folder.as_os_str() == "models"), "{folders:?}");
    }
}

#[test]
fn an_interrupted_run_leaves_the_older_bundle_as_it_was() {
    let place = Place::new();
    place.done("train-export ae --epochs 1 --hidden 16 --out models/ae");
    let before = place.content();
    let (code, _) = interrupted(&place, LONG, "-INT");
    assert_eq!(code, Some(130));
    assert!(place.content() == before, "the older bundle changed, or litter was left");
    place.done("verify models/ae");
}
