//! A resumed run continues as if it had never stopped, or reports why it cannot.

use std::{fs, path::PathBuf, process::Stdio};

use ndarray::Array2;

use crate::{
    kills::{Random, Resumable, survive},
    refusal::{assert_refused, check_refusal},
    sandbox::{Sandbox, outcome},
};

const QUICK: &str = "train vae --epochs 2 --hidden 16 --checkpoint-every 10 --run r";

/// Returns a sandbox with a finished run in `r`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.run_ok(QUICK);
    sandbox
}

/// Returns the checkpoints of `r`, the oldest first.
fn checkpoints(sandbox: &Sandbox) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.path("r/checkpoints")).expect("a run");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a run").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-")));
    paths.sort();
    paths
}

fn name(path: &std::path::Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

#[test]
fn a_run_killed_at_any_time_resumes_to_the_bytes_of_one_that_was_not_killed() {
    const SEED: u64 = 7;
    let flags = "vae --epochs 40 --hidden 32 --valid-fraction 0.1 --checkpoint-every 1";
    let tally = survive(&Resumable::training(flags), 12, 6.0, &mut Random(SEED));
    assert_eq!(tally.kills, 12, "seed {SEED}");
    assert!(tally.from_checkpoint >= 4 && tally.equal >= 1, "seed {SEED}: {tally:?}");
}

#[test]
fn every_verb_exports_the_same_bundle_of_a_finished_run_without_training() {
    for kind in ["pca", "cvae --epochs 2 --hidden 16"] {
        let sandbox = Sandbox::new();
        sandbox.run_ok(&format!("train {kind} --run r"));
        let resumed = sandbox.run_ok("train --resume r");
        assert!(resumed.stderr.contains("nothing left to train"), "{}", resumed.stderr);
        assert!(!resumed.stderr.contains("epoch 1/"), "{}", resumed.stderr);
        sandbox.run_ok("train-export --resume r --out by-both");
        sandbox.run_ok("export r --out by-export");
        sandbox.run_ok(&format!("train-export {kind} --out at-once"));
        let expected = sandbox.content_of("at-once");
        assert!(expected == sandbox.content_of("by-both") && expected == sandbox.content_of("by-export"), "{kind}");
    }
}

#[test]
fn a_changed_option_or_other_data_is_refused_and_named() {
    let sandbox = sandbox();
    sandbox.write_npy("other.npy", &Array2::from_shape_fn((99, 64), |(row, column)| (row * column % 17) as f32));
    let cases: [(&str, &[&str]); 8] = [
        ("train --resume r --data other.npy", &["`r`", "other data", "fingerprint"]),
        ("train --resume r --beta 2 --latent 3", &["`beta` was 1.0, now 2.0", "`latent` was 8, now 3"]),
        ("train --resume r --optimizer sgd", &["`optimizer` was \"adam\", now \"sgd\""]),
        ("train --resume r --seed 1", &["`seed` was 0, now 1"]),
        ("train --resume r --epochs 1", &["`epochs` was 2, now 1", "2 have already begun"]),
        ("train-export --resume r --hidden 8 --out new", &["`hidden` was [16], now [8]"]),
        ("train ae --resume r", &["`r`", "`kind` was \"vae\", now \"ae\""]),
        ("export r --data other.npy --out new", &["other data"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    let text = sandbox.read_text("r/config.toml");
    sandbox.write("r/config.toml", text.replace("beta = 1.0", "beta = 3.0"));
    assert_refused([check_refusal(&sandbox, "train --resume r", &["`beta` was 1.0, now 3.0"])]);
    sandbox.write("r/config.toml", text.replace("latent = 8", "latnet = 8"));
    assert_refused([check_refusal(&sandbox, "train --resume r", &["r/config.toml", "`latnet`", "`latent`"])]);
    sandbox.write("r/config.toml", text);
    sandbox.run_ok("train --resume r");
}

#[test]
fn data_may_be_renamed_between_training_and_resuming() {
    let sandbox = Sandbox::new();
    let values = Array2::from_shape_fn((60, 5), |(row, column)| ((row * 7 + column * 3) % 11) as f32);
    sandbox.write_npy("data.npy", &values);
    sandbox.run_ok("train ae --data data.npy --epochs 2 --hidden 4 --latent 2 --run r");
    fs::rename(sandbox.path("data.npy"), sandbox.path("moved.npy")).expect("a writable folder");
    assert_refused([check_refusal(&sandbox, "train --resume r", &["data.npy"])]);
    sandbox.run_ok("train --resume r --data moved.npy");
    sandbox.run_ok("export r --out bundle");
}

#[test]
fn a_folder_that_is_not_a_run_and_a_run_without_a_checkpoint_are_refused() {
    let sandbox = Sandbox::new();
    sandbox.run_ok("train-export ae --epochs 1 --hidden 8 --run r --out bundle");
    fs::create_dir(sandbox.path("empty")).expect("a writable folder");
    sandbox.write("file", "");
    let cases: [(&str, &[&str]); 6] = [
        ("train --resume missing", &["`missing`", "not a run", "config.toml"]),
        ("train --resume empty", &["`empty`", "not a run"]),
        ("train --resume file", &["`file`", "not a run"]),
        ("train --resume bundle", &["`bundle`", "not a run"]),
        ("export bundle --out new", &["`bundle`", "not a run"]),
        ("train ae --run r", &["`r`", "not empty", "--resume"]),
    ];
    assert_refused(cases.map(|(line, mentions)| check_refusal(&sandbox, line, mentions)));
    for path in checkpoints(&sandbox) {
        fs::remove_file(path).expect("a writable folder");
    }
    assert_refused([
        check_refusal(&sandbox, "export r --out new", &["`r`", "no checkpoint", "--resume"]),
        check_refusal(&sandbox, "train --resume r --epochs 2", &["`epochs` was 1, now 2"]),
    ]);
    let stderr = sandbox.run_ok("train-export --resume r --out again").stderr;
    assert!(stderr.contains("starts from the beginning"), "{stderr}");
    assert!(sandbox.content_of("again") == sandbox.content_of("bundle"));
}

#[test]
fn a_damaged_checkpoint_is_skipped_with_the_reason_and_the_one_before_is_used() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 6] = [
        ("damaged", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
        ("damaged", |mut bytes| {
            let last = bytes.len() - 1;
            bytes[last] ^= 128;
            bytes
        }),
        ("damaged", |bytes| bytes[..bytes.len() / 2].to_vec()),
        ("damaged", |_| Vec::new()),
        ("damaged", |_| b"certainly no checkpoint, and longer than eight bytes".to_vec()),
        ("format 9", |bytes| {
            let (from, to) = (br#"\"format\":1"#, br#"\"format\":9"#);
            let at = bytes.windows(from.len()).position(|window| window == from).expect("the format");
            [&bytes[..at], to, &bytes[at + from.len()..]].concat()
        }),
    ];
    let sandbox = sandbox();
    sandbox.run_ok("export r --out undamaged");
    let [before, newest] = checkpoints(&sandbox).try_into().expect("two are kept");
    let [older, good] = [&before, &newest].map(|path| fs::read(path).expect("a checkpoint"));
    for (number, (reason, damage)) in damages.into_iter().enumerate() {
        fs::write(&before, &older).expect("a writable folder");
        fs::write(&newest, damage(good.clone())).expect("a writable folder");
        sandbox.run_ok("export r --out bundle");
        let bundle = |sandbox: &Sandbox| sandbox.content_of("bundle");
        assert!(
            bundle(&sandbox) != sandbox.content_of("undamaged") && newest.exists(),
            "an export deletes no checkpoint"
        );
        let stderr = sandbox.run_ok("train-export --resume r --out bundle").stderr;
        let warning = stderr.lines().find(|line| line.starts_with("warning: skipped")).expect("a warning");
        assert!(warning.contains(&name(&newest)) && warning.contains(reason), "{number}: {warning}");
        assert!(
            stderr.lines().any(|line| line.starts_with("run: `r`, from") && line.contains(&name(&before))),
            "{stderr}"
        );
        assert!(sandbox.content_of("bundle") == sandbox.content_of("undamaged"), "{number}: {reason}");
    }
}

#[test]
fn if_every_checkpoint_is_damaged_no_file_changes_and_each_checkpoint_is_named() {
    let sandbox = sandbox();
    let paths = checkpoints(&sandbox);
    for path in &paths {
        fs::write(path, "damaged").expect("a writable folder");
    }
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    let mentions = [names[0].as_str(), names[1].as_str(), "no checkpoint", "is valid"];
    assert_refused(["train --resume r", "export r --out new"].map(|line| check_refusal(&sandbox, line, &mentions)));
}

#[test]
fn more_epochs_give_the_bytes_of_one_run_unless_the_schedule_depends_on_their_number() {
    let sandbox = Sandbox::new();
    for schedule in ["constant", "step:2:0.5"] {
        let flags = format!("vae --hidden 16 --schedule {schedule}");
        sandbox.run_ok(&format!("train {flags} --epochs 2 --run {schedule}"));
        sandbox.run_ok(&format!("train-export --resume {schedule} --epochs 5 --out extended"));
        sandbox.run_ok(&format!("train-export {flags} --epochs 5 --out at-once"));
        assert!(sandbox.content_of("extended") == sandbox.content_of("at-once"), "{schedule}");
    }
    for schedule in ["cosine", "one-cycle"] {
        sandbox.run_ok(&format!("train vae --hidden 16 --schedule {schedule} --epochs 2 --run {schedule}"));
        let line = format!("train --resume {schedule} --epochs 5");
        assert_refused([check_refusal(&sandbox, &line, &["`epochs` was 2, now 5", "schedule", schedule])]);
    }
}

#[test]
fn only_one_process_at_a_time_can_use_a_run() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command("train ae --epochs 10000000 --hidden 16 --checkpoint-every 50 --run r --quiet");
    let mut child = command.spawn().expect("it starts");
    while !sandbox.path("r/checkpoints/best.safetensors").exists() {
        assert!(child.try_wait().expect("our own child").is_none(), "it should still be training");
        std::thread::yield_now();
    }
    let refused = ["train --resume r", "export r --out new"].map(|line| (line, sandbox.run(line)));
    child.kill().expect("our own child");
    child.wait().expect("our own child");
    for (line, outcome) in refused {
        assert_eq!(outcome.code, Some(1), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("another process uses the run `r`"), "{line}: {}", outcome.stderr);
    }
    assert!(!sandbox.path("new").exists());
}

#[test]
fn runs_that_start_at_the_same_time_get_different_folders() {
    let sandbox = Sandbox::new();
    let children: Vec<_> = (0..6)
        .map(|_| {
            sandbox.command("train ae --epochs 1 --hidden 8 --quiet").stdout(Stdio::null()).spawn().expect("it starts")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("our own child").success());
    }
    let runs = fs::read_dir(sandbox.path("runs")).expect("runs").count();
    assert_eq!(runs, 6);
}

#[test]
fn a_run_on_a_file_is_resumed_and_exported_from_another_working_directory() {
    let sandbox = Sandbox::new();
    let rows: String = (0..40).map(|row| format!("{row},{},{}\n", row * row % 17, 40 - row)).collect();
    sandbox.write("t.csv", format!("a,b,c\n{rows}"));
    sandbox.run_ok("train-export ae --data t.csv --latent 2 --epochs 3 --run reference --out at-once");
    sandbox.run_ok("train ae --data t.csv --latent 2 --epochs 1 --run r");
    fs::create_dir(sandbox.path("other-folder")).expect("a writable folder");
    let run_in_other_folder = |line: &str| {
        let outcome = outcome(sandbox.command(line).current_dir(sandbox.path("other-folder")));
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
    };
    run_in_other_folder("train --resume ../r --epochs 3");
    run_in_other_folder("export ../r --out ../bundle");
    assert!(sandbox.content_of("bundle") == sandbox.content_of("at-once"));
    fs::rename(sandbox.path("t.csv"), sandbox.path("moved.csv")).expect("a writable folder");
    assert_refused([check_refusal(&sandbox, "export r --out new", &["the data of the run `r`", "--data", "t.csv"])]);
    sandbox.run_ok("export r --data moved.csv --out new");
}
