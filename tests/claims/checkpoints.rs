//! A checkpoint with any changed bit is not loaded, and checkpoints contain no paths and no times.

use std::{
    fs,
    path::{Path, PathBuf},
};

use narrows_bundle::Bundle;
use narrows_tests::digits;
use narrows_trainer::{
    Cadence, Config, Options, Run, RunError,
    bundle::Kind,
    data::{Dataset, Reading},
    options::DataOptions,
};

use crate::interrupted::{checked, every, train_in_pieces, train_steps};

fn options() -> Options {
    Options { latent: Some(2), ..Options::new(Kind::Vae) }.with(|options| {
        options.architecture.hidden = Some(vec![4]);
        options.length.epochs = Some(3);
        options.steps.average = Some(0.9);
        options.split.valid_fraction = Some(0.2);
    })
}

fn resumed(folder: &Path, config: &Config, data: &Dataset) -> Result<narrows_trainer::Resumed, RunError> {
    Run::resume(folder, config, data, Cadence::default()).map(|(_, resumed)| resumed)
}

/// Returns the paths of a run's checkpoints, oldest first.
fn checkpoints(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("checkpoints")).expect("a run");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("step-") && name.ends_with(".safetensors")
    });
    paths.sort();
    paths
}

/// Trains a run and interrupts it in its second epoch, with checkpoints after steps 20 and 30.
fn interrupted_run(folder: &Path, data: &Dataset) -> Config {
    let config = checked(&options(), data);
    let mut run = Run::create(folder, &config, data, every(10)).expect("an empty folder");
    train_steps(&mut run, &config, data, 30).expect_err("interrupted");
    config
}

#[test]
fn a_corrupt_newest_checkpoint_is_skipped_with_a_reason() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = interrupted_run(folder.path(), &data);
    let newest = checkpoints(folder.path()).pop().expect("two checkpoints");
    let original = fs::read(&newest).expect("readable");
    let replaced = |from: &str, to: &str| {
        let at = original.windows(from.len()).position(|window| window == from.as_bytes()).expect(from);
        [&original[..at], to.as_bytes(), &original[at + from.len()..]].concat()
    };
    let digest = {
        let prefix = br#"\"digest\":\""#;
        let at = original.windows(prefix.len()).position(|window| window == prefix).expect("a digest") + prefix.len();
        String::from_utf8(original[at..at + 64].to_vec()).expect("hexadecimal")
    };
    let mut damaged = vec![
        (Vec::new(), "damaged"),
        (b"narrows".to_vec(), "damaged"),
        (vec![0xff; 4096], "damaged"),
        (original[..original.len() - 1].to_vec(), "damaged"),
        (original[..original.len() / 2].to_vec(), "damaged"),
        (original[..100].to_vec(), "damaged"),
        ([&original[..], b"\0"].concat(), "damaged"),
        // The replacements have the same length, so the length of the header stays correct.
        (replaced(r#"\"format\":1"#, r#"\"format\":2"#), "it has format 2, this version reads 1"),
        (replaced("\"narrows\"", "\"somelse\""), "not a checkpoint of narrows"),
        (replaced(&digest, &digest.replace(|_| true, "0")), "damaged"),
        (replaced(&format!("{digest}\\\""), &format!("{}\\\"{}", "", " ".repeat(64))), "damaged"),
    ];
    // One flipped bit: in each of the first 100 bytes, and in 200 positions over the rest of the file.
    let step = original.len() / 200;
    let positions = (0..100).chain((100..original.len()).step_by(step));
    damaged.extend(positions.map(|position| {
        let mut bytes = original.clone();
        bytes[position] ^= 1 << (position % 8);
        (bytes, "")
    }));
    assert!(damaged.len() > 300, "{}", damaged.len());
    for (index, (bytes, reason)) in damaged.into_iter().enumerate() {
        fs::write(&newest, bytes).expect("writable");
        let resumed = resumed(folder.path(), &config, &data).expect("the previous checkpoint is valid");
        let [(skipped, actual)] = resumed.passed_over.as_slice() else { panic!("{index}: {resumed:?}") };
        assert!(actual.contains(reason) && !actual.is_empty(), "{index}: {actual}");
        assert_eq!((resumed.step, resumed.epoch), (20, 1), "{index}");
        // The corrupt file stays until training resumes.
        assert!(skipped == &newest && newest.is_file(), "{index}");
    }
    fs::write(&newest, original).expect("writable");
    assert_eq!(resumed(folder.path(), &config, &data).expect("the original checkpoint").step, 30);
}

#[test]
fn resuming_with_other_data_or_another_configuration_fails_and_names_the_difference() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = interrupted_run(folder.path(), &data);
    let refused = |config: &Config, data: &Dataset| {
        let before = checkpoints(folder.path());
        let error = resumed(folder.path(), config, data).expect_err("a different run");
        assert_eq!(before, checkpoints(folder.path()), "no file changes");
        error
    };
    let mut other = data.clone();
    other.train.labels.as_mut().expect("digits have labels")[7] ^= 1;
    let error = refused(&config, &other);
    assert!(matches!(error, RunError::OtherData { .. }), "{error}");
    assert!(
        error.to_string().contains(&other.fingerprint().expect("in memory"))
            && error.to_string().contains(&data.fingerprint().expect("in memory"))
    );
    for (options, difference) in [
        (options().with(|options| options.divergence.beta = Some(2.0)), "`beta` was 1.0, now 2.0"),
        (Options { seed: Some(1), ..options() }, "`seed` was 0, now 1"),
        (options().with(|options| options.architecture.hidden = Some(vec![5])), "`hidden` was [4], now [5]"),
        (options().with(|options| options.steps.average = Some(0.5)), "`average` was 0.9, now 0.5"),
        (
            options().with(|options| options.divergence.kl_warmup = "linear:2".parse().ok()),
            "`kl_warmup` was not set, now \"linear:2\"",
        ),
        (options().with(|options| options.length.epochs = Some(1)), "`epochs` was 3, now 1, but 2 have already begun"),
    ] {
        let error = refused(&checked(&options, &data), &data).to_string();
        assert!(error.contains(difference), "{error}");
        assert_eq!(error.matches(" was ").count(), 1, "more than one difference: {error}");
    }
    let error = refused(&checked(&Options { latent: Some(2), ..Options::new(Kind::Ae) }, &data), &data).to_string();
    assert!(error.contains("`kind` was \"vae\", now \"ae\"") && error.contains("; "), "{error}");
    // The schedule depends on the number of epochs.
    let cosine = |epochs| {
        options().with(|options| {
            options.schedule.schedule = "cosine".parse().ok();
            options.length.epochs = Some(epochs);
        })
    };
    let other = tempfile::tempdir().expect("a temporary folder");
    train_in_pieces(&other.path().join("run"), &cosine(2), &data, 30);
    let error =
        resumed(&other.path().join("run"), &checked(&cosine(3), &data), &data).expect_err("other learning rates");
    assert!(error.to_string().contains("the schedule cosine:0 depends on it"), "{error}");
}

#[test]
fn checkpoints_contain_no_paths_and_no_times() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = |name: &str, source: &str, steps: u64| {
        let path = folder.path().join(name);
        let reading = Reading { data: Some(source.to_owned()), ..Reading::default() };
        let named = Options { data: DataOptions { reading, ..DataOptions::default() }, ..options() };
        train_in_pieces(&path, &named, &data, steps);
        let mut files = checkpoints(&path);
        files.push(path.join("checkpoints/best.safetensors"));
        files.iter().map(|file| fs::read(file).expect("readable")).collect::<Vec<_>>()
    };
    // The first checkpoint is in the middle of an epoch.
    let one = files("one", "/some/place/rows.npy", 31);
    let other = files("a/deeper/place", "elsewhere/rows.npy", 31);
    assert_eq!(one.len(), 3);
    assert!(one == other);
    for bytes in one {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("some/place") && !text.contains("seconds") && !text.contains("time"), "{text}");
    }
}

#[test]
fn the_best_checkpoint_contains_the_weights_of_the_best_epoch() {
    let mut data = digits();
    // Without labels, validation rows are not stratified by class.
    data.train.labels = None;
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The learning rate is too high at the end, so that the best epoch is not the last.
    let options = options().with(|options| {
        options.schedule.learning_rate = Some(0.05);
        options.length.epochs = Some(12);
        options.split.valid_fraction = Some(0.2);
    });
    let fitted = train_in_pieces(&folder.path().join("run"), &options, &data, 50);
    let loss = |epoch: usize| fitted.history[epoch].valid.as_ref().expect("a fifth of the rows is held out").loss;
    let best = (0..12).fold(0, |best, epoch| if loss(epoch) < loss(best) { epoch } else { best });
    assert!(best < 11, "the last epoch is the best, so this test shows nothing");
    let shorter = options.with(|options| options.length.epochs = Some(best + 1));
    let expected = narrows_tests::fitted(&shorter, &data).export(&data).expect("an export").files;
    let (_, weights) = expected.into_iter().find(|(name, _)| *name == narrows_bundle::WEIGHTS).expect("weights");
    let saved = fs::read(folder.path().join("run/checkpoints/best.safetensors")).expect("a best epoch");
    assert!(saved == weights);
}

#[test]
fn an_unfinished_run_cannot_be_opened_as_a_bundle() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    interrupted_run(folder.path(), &data);
    assert!(Bundle::open(folder.path()).is_err());
}
