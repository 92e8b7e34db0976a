//! A disk that takes no more ends a run with 1 and the path; what was there is intact, and once there is
//! room, it goes on.
//!
//! A limit on the size of a file stands for the full disk: a write fails half-way in the same manner, and
//! every system lets anybody set one. `just disk-full` does the same on a file system that is really full.
#![cfg(unix)]

use std::{collections::BTreeSet, process::Command};

use crate::place::{Outcome, Place, outcome};

/// The program where no file may grow beyond so many blocks (of 512 or 1024 bytes, by the shell).
pub(crate) fn limited(place: &Place, line: &str, blocks: usize) -> Outcome {
    // Ignored, so that the write fails instead of ending the process.
    const SCRIPT: &str = r#"trap "" XFSZ; ulimit -f "$0" && exec "$@""#;
    let program = place.command(line);
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, &blocks.to_string()]).arg(program.get_program()).args(program.get_args());
    outcome(command.current_dir(place.path("")))
}

/// Trains under every limit up to one that is none; the files that were too large.
fn sweep(flags: &str) -> BTreeSet<String> {
    let place = Place::new();
    place.done(&format!("train-export {flags} --run whole-run --out whole"));
    let mut named = BTreeSet::new();
    for blocks in [0, 1, 2, 4, 8, 12, 18, 24, 30, 36, 48, 64, 70, 80, 96, 128] {
        let place = Place::new();
        let found = limited(&place, &format!("train-export {flags} --run run --out bundle"), blocks);
        if found.code == Some(0) {
            return named;
        }
        let last = found.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(found.code, Some(1), "{blocks} blocks: {last}");
        let path = last.strip_prefix("error: cannot write `").and_then(|rest| rest.split('`').next());
        named.insert(path.unwrap_or_else(|| panic!("{blocks} blocks: no path in {last}")).to_owned());
        assert!(place.litter().is_empty() && !place.path("bundle").exists(), "{blocks} blocks: {:?}", place.litter());
        if place.path("run").exists() {
            let again = place.done("train-export --resume run --out bundle").stderr;
            assert!(!again.contains("passed over"), "{again}");
        } else {
            assert!(place.content().is_empty(), "{blocks} blocks: {:?}", place.content().keys());
        }
    }
    named
}

fn holds(named: &BTreeSet<String>, start: &str) -> bool {
    named.iter().any(|path| path.starts_with(start))
}

#[test]
fn a_checkpoint_that_does_not_fit_is_named_and_the_run_goes_on_later() {
    let named = sweep("vae --hidden 32 --epochs 2 --checkpoint-every 5");
    assert!(holds(&named, "run/config.toml") && holds(&named, "run/checkpoints/"), "{named:?}");
}

#[test]
fn metrics_or_a_bundle_that_do_not_fit_are_named_and_the_run_goes_on_later() {
    // A small network: its checkpoints are smaller than the other files.
    let named = sweep("ae --hidden 4 --latent 2 --batch-size 500 --epochs 80 --checkpoint-every 50");
    assert!(holds(&named, "run/metrics.jsonl") && holds(&named, "bundle/probe.safetensors"), "{named:?}");
}

#[test]
fn an_export_that_does_not_fit_leaves_the_older_bundle_and_the_run_as_they_were() {
    let place = Place::new();
    place.done("train-export ae --epochs 1 --hidden 16 --run older --out bundle");
    place.done("train ae --epochs 2 --hidden 16 --run run");
    let before = place.content();
    for blocks in [1, 8, 24] {
        let found = limited(&place, "export run --out bundle", blocks);
        let last = found.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(found.code, Some(1), "{last}");
        assert!(last.starts_with("error: cannot write `bundle/"), "{last}");
        let after = place.content();
        assert!(after.keys().eq(before.keys()), "{blocks} blocks: {:?}", place.litter());
        let changed: Vec<_> = before.keys().filter(|path| before[*path] != after[*path]).collect();
        assert!(changed.is_empty(), "{blocks} blocks: {changed:?}");
    }
    place.done("verify bundle");
    place.done("export run --out bundle");
}
