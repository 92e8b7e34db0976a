//! A run that is taken up again goes on as if nothing had happened, or says why it cannot.

use std::{fs, path::PathBuf, process::Stdio};

use ndarray::Array2;

use crate::{
    kills::{Random, survive},
    place::{Place, outcome},
    refusal::{assert_none, complaint},
};

const QUICK: &str = "train vae --epochs 2 --hidden 16 --checkpoint-every 10 --run r";

/// A place with a finished run in `r`.
fn place() -> Place {
    let place = Place::new();
    place.done(QUICK);
    place
}

/// The checkpoints of `r`, the oldest first.
fn checkpoints(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.path("r/checkpoints")).expect("a run");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a run").path()).collect();
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("step-")));
    paths.sort();
    paths
}

fn name(path: &std::path::Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

#[test]
fn killed_at_any_moment_a_run_goes_on_to_the_bytes_of_one_that_was_not() {
    const SEED: u64 = 7;
    let flags = "vae --epochs 40 --hidden 32 --valid-fraction 0.1 --checkpoint-every 1";
    let tally = survive(flags, 12, 6.0, &mut Random(SEED));
    assert_eq!(tally.kills, 12, "seed {SEED}");
    assert!(tally.from_checkpoint >= 4 && tally.equal >= 1, "seed {SEED}: {tally:?}");
}

#[test]
fn a_finished_run_has_nothing_left_to_train_and_exports_the_same_bundle_by_every_verb() {
    for kind in ["pca", "cvae --epochs 2 --hidden 16"] {
        let place = Place::new();
        place.done(&format!("train {kind} --run r"));
        let resumed = place.done("train --resume r");
        assert!(resumed.stderr.contains("nothing left to train"), "{}", resumed.stderr);
        assert!(!resumed.stderr.contains("epoch 1/"), "{}", resumed.stderr);
        place.done("train-export --resume r --out by-both");
        place.done("export r --out by-export");
        place.done(&format!("train-export {kind} --out at-once"));
        let expected = place.content_of("at-once");
        assert!(expected == place.content_of("by-both") && expected == place.content_of("by-export"), "{kind}");
    }
}

#[test]
fn another_configuration_or_other_data_is_refused_by_name() {
    let place = place();
    place.write_npy("other.npy", &Array2::from_shape_fn((99, 64), |(row, column)| (row * column % 17) as f32));
    let cases: [(&str, &[&str]); 8] = [
        ("train --resume r --data other.npy", &["`r`", "other data", "fingerprint"]),
        ("train --resume r --beta 2 --latent 3", &["`beta` was 1.0, now 2.0", "`latent` was 8, now 3"]),
        ("train --resume r --optimizer sgd", &["`optimizer` was \"adam\", now \"sgd\""]),
        ("train --resume r --seed 1", &["`seed` was 0, now 1"]),
        ("train --resume r --epochs 1", &["`epochs` was 2, now 1", "2 begun"]),
        ("train-export --resume r --hidden 8 --out new", &["`hidden` was [16], now [8]"]),
        ("train ae --resume r", &["`r`", "`kind` was \"vae\", now \"ae\""]),
        ("export r --data other.npy --out new", &["other data"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
    let text = place.read_text("r/config.toml");
    place.write("r/config.toml", text.replace("beta = 1.0", "beta = 3.0"));
    assert_none([complaint(&place, "train --resume r", &["`beta` was 1.0, now 3.0"])]);
    place.write("r/config.toml", text.replace("latent = 8", "latnet = 8"));
    assert_none([complaint(&place, "train --resume r", &["r/config.toml", "`latnet`", "`latent`"])]);
    place.write("r/config.toml", text);
    place.done("train --resume r");
}

#[test]
fn the_same_data_under_another_name_is_the_same() {
    let place = Place::new();
    let values = Array2::from_shape_fn((60, 5), |(row, column)| ((row * 7 + column * 3) % 11) as f32);
    place.write_npy("data.npy", &values);
    place.done("train ae --data data.npy --epochs 2 --hidden 4 --latent 2 --run r");
    fs::rename(place.path("data.npy"), place.path("moved.npy")).expect("a writable folder");
    assert_none([complaint(&place, "train --resume r", &["data.npy"])]);
    place.done("train --resume r --data moved.npy");
    place.done("export r --out bundle");
}

#[test]
fn what_is_no_run_or_has_no_model_is_called_that() {
    let place = Place::new();
    place.done("train-export ae --epochs 1 --hidden 8 --run r --out bundle");
    fs::create_dir(place.path("empty")).expect("a writable folder");
    place.write("file", "");
    let cases: [(&str, &[&str]); 6] = [
        ("train --resume missing", &["`missing`", "not a run", "config.toml"]),
        ("train --resume empty", &["`empty`", "not a run"]),
        ("train --resume file", &["`file`", "not a run"]),
        ("train --resume bundle", &["`bundle`", "not a run"]),
        ("export bundle --out new", &["`bundle`", "not a run"]),
        ("train ae --run r", &["`r`", "not empty", "--resume"]),
    ];
    assert_none(cases.map(|(line, mentions)| complaint(&place, line, mentions)));
    for path in checkpoints(&place) {
        fs::remove_file(path).expect("a writable folder");
    }
    assert_none([
        complaint(&place, "export r --out new", &["`r`", "no checkpoint", "--resume"]),
        complaint(&place, "train --resume r --epochs 2", &["`epochs` was 1, now 2"]),
    ]);
    let anew = place.done("train-export --resume r --out anew").stderr;
    assert!(anew.contains("begins anew"), "{anew}");
    assert!(place.content_of("anew") == place.content_of("bundle"));
}

#[test]
fn a_damaged_checkpoint_is_passed_over_with_the_reason_and_the_one_before_taken() {
    type Damage = fn(Vec<u8>) -> Vec<u8>;
    let damages: [(&str, Damage); 6] = [
        ("checksum", |mut bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            bytes
        }),
        ("checksum", |mut bytes| {
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
    let place = place();
    place.done("export r --out whole");
    let [before, newest] = checkpoints(&place).try_into().expect("two are kept");
    let [older, good] = [&before, &newest].map(|path| fs::read(path).expect("a checkpoint"));
    for (number, (reason, damage)) in damages.into_iter().enumerate() {
        fs::write(&before, &older).expect("a writable folder");
        fs::write(&newest, damage(good.clone())).expect("a writable folder");
        place.done("export r --out bundle");
        let bundle = |place: &Place| place.content_of("bundle");
        assert!(bundle(&place) != place.content_of("whole") && newest.exists(), "an export goes on with nothing");
        let said = place.done("train-export --resume r --out bundle").stderr;
        let told = said.lines().find(|line| line.starts_with("warning: passed over")).expect("a warning");
        assert!(told.contains(&name(&newest)) && told.contains(reason), "{number}: {told}");
        assert!(said.lines().any(|line| line.starts_with("run: `r`, from") && line.contains(&name(&before))), "{said}");
        assert!(place.content_of("bundle") == place.content_of("whole"), "{number}: {reason}");
    }
}

#[test]
fn with_every_checkpoint_damaged_nothing_is_touched_and_each_is_named() {
    let place = place();
    let paths = checkpoints(&place);
    for path in &paths {
        fs::write(path, "damaged").expect("a writable folder");
    }
    let names: Vec<String> = paths.iter().map(|path| name(path)).collect();
    let mentions = [names[0].as_str(), names[1].as_str(), "no checkpoint", "is valid"];
    assert_none(["train --resume r", "export r --out new"].map(|line| complaint(&place, line, &mentions)));
}

#[test]
fn more_epochs_go_on_to_the_bytes_of_one_run_unless_the_schedule_sees_the_end() {
    let place = Place::new();
    for schedule in ["constant", "step:2:0.5"] {
        let flags = format!("vae --hidden 16 --schedule {schedule}");
        place.done(&format!("train {flags} --epochs 2 --run {schedule}"));
        place.done(&format!("train-export --resume {schedule} --epochs 5 --out extended"));
        place.done(&format!("train-export {flags} --epochs 5 --out at-once"));
        assert!(place.content_of("extended") == place.content_of("at-once"), "{schedule}");
    }
    for schedule in ["cosine", "one-cycle"] {
        place.done(&format!("train vae --hidden 16 --schedule {schedule} --epochs 2 --run {schedule}"));
        let line = format!("train --resume {schedule} --epochs 5");
        assert_none([complaint(&place, &line, &["`epochs` was 2, now 5", "schedule", schedule])]);
    }
}

#[test]
fn one_process_at_a_time_works_in_a_run() {
    let place = Place::new();
    let mut command = place.command("train ae --epochs 10000000 --hidden 16 --checkpoint-every 50 --run r --quiet");
    let mut child = command.spawn().expect("it starts");
    while !place.path("r/checkpoints/best.safetensors").exists() {
        assert!(child.try_wait().expect("our own child").is_none(), "it should be at work");
        std::thread::yield_now();
    }
    let refused = ["train --resume r", "export r --out new"].map(|line| (line, place.run(line)));
    child.kill().expect("our own child");
    child.wait().expect("our own child");
    for (line, outcome) in refused {
        assert_eq!(outcome.code, Some(1), "{line}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("another process works in the run `r`"), "{line}: {}", outcome.stderr);
    }
    assert!(!place.path("new").exists());
}

#[test]
fn runs_that_start_at_the_same_time_each_find_a_folder() {
    let place = Place::new();
    let children: Vec<_> = (0..6)
        .map(|_| {
            place.command("train ae --epochs 1 --hidden 8 --quiet").stdout(Stdio::null()).spawn().expect("it starts")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("our own child").success());
    }
    let runs = fs::read_dir(place.path("runs")).expect("runs").count();
    assert_eq!(runs, 6);
}

#[test]
fn a_run_on_a_file_is_taken_up_and_exported_from_another_working_directory() {
    let place = Place::new();
    let rows: String = (0..40).map(|row| format!("{row},{},{}\n", row * row % 17, 40 - row)).collect();
    place.write("t.csv", format!("a,b,c\n{rows}"));
    place.done("train-export ae --data t.csv --latent 2 --epochs 3 --run whole --out at-once");
    place.done("train ae --data t.csv --latent 2 --epochs 1 --run r");
    fs::create_dir(place.path("elsewhere")).expect("a writable folder");
    let away = |line: &str| {
        let outcome = outcome(place.command(line).current_dir(place.path("elsewhere")));
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stderr);
    };
    away("train --resume ../r --epochs 3");
    away("export ../r --out ../bundle");
    assert!(place.content_of("bundle") == place.content_of("at-once"));
    fs::rename(place.path("t.csv"), place.path("moved.csv")).expect("a writable folder");
    assert_none([complaint(&place, "export r --out new", &["the data of the run `r`", "--data", "t.csv"])]);
    place.done("export r --data moved.csv --out new");
}
