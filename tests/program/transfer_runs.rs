//! A transfer that is interrupted continues from its checkpoints to the same bundle, or reports why it cannot.

use std::fs;

use ndarray::{Array1, Array3};

use crate::{
    kills::{Random, Resumable, survive},
    refusal::{assert_refused, check_refusal},
    sandbox::Sandbox,
    transfer::zoo,
};

/// Flags of five fits: a head for each of four weight decays, then the encoder with the best one.
const FLAGS: &str = "--head mlp:16 --fine-tune --epochs 3 --augment shift:1 --average 0.9 --checkpoint-every 7";

/// Returns a sandbox with a run in `r` that kept all checkpoints, and its bundle in `expected`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("transfer {} --data digits {FLAGS} --keep 1000 --run r --out expected", zoo("vae")));
    sandbox
}

/// Returns the names of the checkpoints of `r`, in the order in which they were written.
fn checkpoints(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path("r/checkpoints")).expect("a run");
    let names = entries.map(|entry| entry.expect("a run").file_name().into_string().expect("text"));
    let mut names: Vec<String> = names.filter(|name| name.starts_with("fit-")).collect();
    names.sort();
    names
}

fn resume(sandbox: &Sandbox) -> String {
    sandbox.run_ok(&format!("transfer {} --resume r --checkpoint-every 7 --keep 1000 --out bundle", zoo("vae"))).stderr
}

#[test]
fn a_transfer_resumes_from_every_kind_of_checkpoint_to_the_same_bundle() {
    let sandbox = sandbox();
    let (all, expected) = (checkpoints(&sandbox), sandbox.content_of("expected"));
    let losses = sandbox.read_text("r/metrics.jsonl").lines().map(without_seconds).collect::<Vec<_>>();
    assert!(all.iter().filter(|name| name.starts_with("fit-5-")).count() > 3, "{all:?}");
    // From the end to the beginning: within the fine-tuning, at the end of a head, within a head, and at the start.
    for kept in [all.len(), all.len() - 2, all.len() - 4, all.len() / 2, 2, 0] {
        checkpoints(&sandbox)[kept..].iter().for_each(|name| {
            fs::remove_file(sandbox.path("r/checkpoints").join(name)).expect("our own file");
        });
        let log = resume(&sandbox);
        match kept.checked_sub(1) {
            Some(newest) => assert!(log.contains(&all[newest]), "{log}"),
            None => assert!(log.contains("starts from the beginning"), "{log}"),
        }
        assert!(sandbox.content_of("bundle") == expected, "from {kept} checkpoints");
        let repeated: Vec<_> = sandbox.read_text("r/metrics.jsonl").lines().map(without_seconds).collect();
        assert_eq!(repeated, losses, "from {kept} checkpoints");
        assert_eq!(checkpoints(&sandbox), all, "from {kept} checkpoints");
    }
}

/// Returns a line of the metrics without the time, which differs between runs.
fn without_seconds(line: &str) -> serde_json::Value {
    let mut record: serde_json::Value = serde_json::from_str(line).expect("JSON");
    record.as_object_mut().expect("an object").remove("seconds").expect("a time");
    record
}

#[test]
fn a_transfer_killed_at_any_time_resumes_to_the_bytes_of_one_that_was_not_killed() {
    const SEED: u64 = 11;
    let flags = "--data digits --head mlp:16 --fine-tune --epochs 40 --checkpoint-every 1";
    let tally = survive(&Resumable::transfer("ae", flags), 10, 5.0, &mut Random(SEED));
    assert_eq!(tally.kills, 10, "seed {SEED}");
    assert!(tally.from_checkpoint >= 3 && tally.equal >= 1, "seed {SEED}: {tally:?}");
}

#[test]
fn a_damaged_checkpoint_is_skipped_and_kept_under_another_name() {
    let sandbox = sandbox();
    let (all, expected) = (checkpoints(&sandbox), sandbox.content_of("expected"));
    let newest = sandbox.path("r/checkpoints").join(&all[all.len() - 1]);
    let bytes = fs::read(&newest).expect("a checkpoint");
    fs::write(&newest, &bytes[..bytes.len() / 2]).expect("a writable folder");
    let log = resume(&sandbox);
    assert!(log.contains("skipped the checkpoint") && log.contains("cut off or changed"), "{log}");
    assert!(log.contains(&format!("from `r/checkpoints/{}`", all[all.len() - 2])), "{log}");
    assert!(sandbox.content_of("bundle") == expected);
    assert!(sandbox.path("r/checkpoints").join(format!("passed-over-{}", all[all.len() - 1])).exists());
}

#[test]
fn a_resumed_transfer_with_another_bundle_data_or_option_is_refused() {
    let sandbox = sandbox();
    sandbox.write_npy("other.npy", &Array3::from_shape_fn((99, 8, 8), |(row, y, x)| ((row * y + x) % 17) as u8));
    sandbox.write_npy("labels.npy", &Array1::from_shape_fn(99, |row| (row % 3) as i64));
    let (vae, ae) = (zoo("vae"), zoo("ae"));
    let cases = [
        (format!("transfer {ae} --resume r"), vec!["`r`", "another bundle", "digest"]),
        (format!("transfer {vae} --resume r --epochs 4 --seed 1"), vec!["`epochs` was 3, now 4", "`seed` was not set"]),
        (format!("transfer {vae} --resume r --data other.npy --labels labels.npy"), vec!["`r`", "other data"]),
        (format!("transfer {vae} --data digits {FLAGS} --run r"), vec!["`r`", "not empty", "--resume"]),
        (format!("transfer {vae} --resume missing"), vec!["`missing`", "not a run"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, &line, &mentions)));
    let linear = sandbox.run(&format!("transfer {vae} --data digits --run linear"));
    assert_eq!(linear.code, Some(2), "{}", linear.stderr);
    assert!(linear.stderr.contains("has no checkpoints; leave out --run"), "{}", linear.stderr);
}

#[test]
fn a_transfer_without_gradient_descent_leaves_no_run() {
    let sandbox = Sandbox::new();
    sandbox.run_ok(&format!("transfer {} --data digits --out linear", zoo("pca")));
    assert!(!sandbox.path("runs").exists());
    sandbox.run_ok(&format!("transfer {} --data digits --head mlp:8 --epochs 1 --out mlp", zoo("pca")));
    sandbox.run_ok(&format!("transfer {} --data digits --head mlp:8 --epochs 1 --out mlp", zoo("pca")));
    assert!(sandbox.path("runs/pca-classifier").exists() && sandbox.path("runs/pca-classifier-2").exists());
}
