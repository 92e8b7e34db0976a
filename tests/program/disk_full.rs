//! A full disk ends a run with exit code 1 and an error that names the path. Existing files stay intact, and the run
//! can be resumed when there is space again.
//!
//! These tests simulate the full disk by a limit on the size of files: a write fails in the middle in the same way,
//! and no privileges are needed. `just disk-full` tests file systems that are really full.
#![cfg(unix)]

use std::{collections::BTreeSet, process::Command};

use crate::sandbox::{Outcome, Sandbox, outcome};

/// Runs the program with a limit on the size of files, in blocks (of 512 or 1024 bytes, depending on the shell).
pub(crate) fn limited(sandbox: &Sandbox, line: &str, blocks: usize) -> Outcome {
    // The signal is ignored, so that the write fails instead of ending the process.
    const SCRIPT: &str = r#"trap "" XFSZ; ulimit -f "$0" && exec "$@""#;
    let program = sandbox.command(line);
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, &blocks.to_string()]).arg(program.get_program()).args(program.get_args());
    outcome(command.current_dir(sandbox.path("")))
}

/// Trains with increasing limits until one is large enough. Returns the files that were too large.
fn sweep(flags: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for blocks in [0, 1, 2, 4, 8, 12, 18, 24, 30, 36, 48, 64, 70, 80, 96, 128] {
        let sandbox = Sandbox::new();
        let outcome = limited(&sandbox, &format!("train-export {flags} --run run --out bundle"), blocks);
        if outcome.code == Some(0) {
            return named;
        }
        let last = outcome.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(outcome.code, Some(1), "{blocks} blocks: {last}");
        let path = last.strip_prefix("error: cannot write `").and_then(|rest| rest.split('`').next());
        named.insert(path.unwrap_or_else(|| panic!("{blocks} blocks: no path in {last}")).to_owned());
        assert!(
            sandbox.leftover_files().is_empty() && !sandbox.path("bundle").exists(),
            "{blocks} blocks: {:?}",
            sandbox.leftover_files()
        );
        if sandbox.path("run").exists() {
            let stderr = sandbox.run_ok("train-export --resume run --out bundle").stderr;
            assert!(!stderr.contains("skipped"), "{stderr}");
        } else {
            assert!(sandbox.content().is_empty(), "{blocks} blocks: {:?}", sandbox.content().keys());
        }
    }
    named
}

fn has_start(named: &BTreeSet<String>, start: &str) -> bool {
    named.iter().any(|path| path.starts_with(start))
}

#[test]
fn a_checkpoint_that_does_not_fit_is_named_and_the_run_can_be_resumed() {
    let named = sweep("vae --hidden 32 --epochs 2 --checkpoint-every 5");
    assert!(has_start(&named, "run/config.toml") && has_start(&named, "run/checkpoints/"), "{named:?}");
}

#[test]
fn metrics_or_a_bundle_that_do_not_fit_are_named_and_the_run_can_be_resumed() {
    // A small network: its checkpoints are smaller than the other files.
    let named = sweep("ae --hidden 4 --latent 2 --batch-size 500 --epochs 80 --checkpoint-every 50");
    assert!(has_start(&named, "run/metrics.jsonl") && has_start(&named, "bundle/probe.safetensors"), "{named:?}");
}

#[test]
fn an_export_that_does_not_fit_leaves_the_older_bundle_and_the_run_as_they_were() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run older --out bundle");
    sandbox.run_ok("train ae --epochs 2 --hidden 16 --run run");
    let before = sandbox.content();
    for blocks in [1, 8, 24] {
        let outcome = limited(&sandbox, "export run --out bundle", blocks);
        let last = outcome.stderr.lines().next_back().unwrap_or_default();
        assert_eq!(outcome.code, Some(1), "{last}");
        assert!(last.starts_with("error: cannot write `bundle/"), "{last}");
        let after = sandbox.content();
        assert!(after.keys().eq(before.keys()), "{blocks} blocks: {:?}", sandbox.leftover_files());
        let changed: Vec<_> = before.keys().filter(|path| before[*path] != after[*path]).collect();
        assert!(changed.is_empty(), "{blocks} blocks: {changed:?}");
    }
    sandbox.run_ok("verify bundle");
    sandbox.run_ok("export run --out bundle");
}

#[test]
fn a_detector_that_does_not_fit_leaves_the_bundle_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 16 --run run --out bundle");
    sandbox.run_ok("pack bundle bundle.narrows");
    let before = sandbox.content();
    for (bundle, blocks) in [("bundle", 1), ("bundle", 24), ("bundle.narrows", 24)] {
        let outcome = limited(&sandbox, &format!("detect fit {bundle} --calibration-part test"), blocks);
        let last = outcome.stderr.lines().next_back().unwrap_or_default();
        assert!(outcome.code == Some(1) && last.starts_with("error: cannot write `bundle"), "{last}");
        assert!(sandbox.content() == before, "{bundle}, {blocks} blocks: {:?}", sandbox.leftover_files());
    }
    sandbox.run_ok("detect fit bundle --calibration-part test");
}
