//! A checkpoint is believed only when every bit of it is right, and holds nothing of where and when.

use std::{
    fs,
    path::{Path, PathBuf},
};

use narrows_bundle::Bundle;
use narrows_tests::digits;
use narrows_trainer::{
    Cadence, Config, DataOptions, Options, Run, RunError,
    bundle::Kind,
    data::{Dataset, Reading},
};

use crate::interrupted::{checked, every, go_on, in_pieces};

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

/// The checkpoints in the folder of a run, the oldest first.
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

/// A run that was broken off in its second epoch: checkpoints after steps 20 and 30.
fn broken_off(folder: &Path, data: &Dataset) -> Config {
    let config = checked(&options(), data);
    let mut run = Run::create(folder, &config, data, every(10)).expect("an empty folder");
    go_on(&mut run, &config, data, 30).expect_err("broken off");
    config
}

#[test]
fn whatever_is_wrong_with_the_newest_checkpoint_it_is_passed_over_with_a_reason() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = broken_off(folder.path(), &data);
    let newest = checkpoints(folder.path()).pop().expect("two of them");
    let whole = fs::read(&newest).expect("readable");
    let other = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).expect(from);
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    let digest = {
        let before = br#"\"digest\":\""#;
        let at = whole.windows(before.len()).position(|window| window == before).expect("a digest") + before.len();
        String::from_utf8(whole[at..at + 64].to_vec()).expect("hexadecimal")
    };
    let mut damaged = vec![
        (Vec::new(), "damaged"),
        (b"narrows".to_vec(), "damaged"),
        (vec![0xff; 4096], "damaged"),
        (whole[..whole.len() - 1].to_vec(), "damaged"),
        (whole[..whole.len() / 2].to_vec(), "damaged"),
        (whole[..100].to_vec(), "damaged"),
        ([&whole[..], b"\0"].concat(), "damaged"),
        // As long as before, so that the header's length is right.
        (other(r#"\"format\":1"#, r#"\"format\":2"#), "it has format 2, this version reads 1"),
        (other("\"narrows\"", "\"somelse\""), "not a checkpoint of narrows"),
        (other(&digest, &digest.replace(|_| true, "0")), "does not match its checksum"),
        (other(&format!("{digest}\\\""), &format!("{}\\\"{}", "", " ".repeat(64))), "does not match its checksum"),
    ];
    // One bit, in places all over the file and in every byte of the header's beginning.
    let step = whole.len() / 200;
    let places = (0..100).chain((100..whole.len()).step_by(step));
    damaged.extend(places.map(|place| {
        let mut bytes = whole.clone();
        bytes[place] ^= 1 << (place % 8);
        (bytes, "")
    }));
    assert!(damaged.len() > 300, "{}", damaged.len());
    for (index, (bytes, told)) in damaged.into_iter().enumerate() {
        fs::write(&newest, bytes).expect("writable");
        let resumed = resumed(folder.path(), &config, &data).expect("the one before is valid");
        let [(passed_over, why)] = resumed.passed_over.as_slice() else { panic!("{index}: {resumed:?}") };
        assert!(why.contains(told) && !why.is_empty(), "{index}: {why}");
        assert_eq!((resumed.step, resumed.epoch), (20, 1), "{index}");
        // Nothing is moved before the run goes on.
        assert!(passed_over == &newest && newest.is_file(), "{index}");
    }
    fs::write(&newest, whole).expect("writable");
    assert_eq!(resumed(folder.path(), &config, &data).expect("as it was").step, 30);
}

#[test]
fn other_data_and_another_configuration_are_refused_by_name() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = broken_off(folder.path(), &data);
    let refused = |config: &Config, data: &Dataset| {
        let before = checkpoints(folder.path());
        let error = resumed(folder.path(), config, data).expect_err("not the same run");
        assert_eq!(before, checkpoints(folder.path()), "nothing is touched");
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
    for (options, told) in [
        (options().with(|options| options.divergence.beta = Some(2.0)), "`beta` was 1.0, now 2.0"),
        (Options { seed: Some(1), ..options() }, "`seed` was 0, now 1"),
        (options().with(|options| options.architecture.hidden = Some(vec![5])), "`hidden` was [4], now [5]"),
        (options().with(|options| options.steps.average = Some(0.5)), "`average` was 0.9, now 0.5"),
        (
            options().with(|options| options.divergence.kl_warmup = "linear:2".parse().ok()),
            "`kl_warmup` was not set, now \"linear:2\"",
        ),
        (options().with(|options| options.length.epochs = Some(1)), "`epochs` was 3, now 1, with 2 begun"),
    ] {
        let error = refused(&checked(&options, &data), &data).to_string();
        assert!(error.contains(told), "{error}");
        assert_eq!(error.matches(" was ").count(), 1, "nothing else differs: {error}");
    }
    let error = refused(&checked(&Options { latent: Some(2), ..Options::new(Kind::Ae) }, &data), &data).to_string();
    assert!(error.contains("`kind` was \"vae\", now \"ae\"") && error.contains("; "), "{error}");
    // The schedule looks at the end.
    let cosine = |epochs| {
        options().with(|options| {
            options.schedule.schedule = "cosine".parse().ok();
            options.length.epochs = Some(epochs);
        })
    };
    let other = tempfile::tempdir().expect("a temporary folder");
    in_pieces(&other.path().join("run"), &cosine(2), &data, 30);
    let error = resumed(&other.path().join("run"), &checked(&cosine(3), &data), &data).expect_err("other steps");
    assert!(error.to_string().contains("the schedule cosine:0 depends on it"), "{error}");
}

#[test]
fn where_and_when_a_run_was_made_does_not_show_in_its_checkpoints() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = |name: &str, source: &str, steps: u64| {
        let path = folder.path().join(name);
        let reading = Reading { data: Some(source.to_owned()), ..Reading::default() };
        let named = Options { data: DataOptions { reading, ..DataOptions::default() }, ..options() };
        in_pieces(&path, &named, &data, steps);
        let mut files = checkpoints(&path);
        files.push(path.join("checkpoints/best.safetensors"));
        files.iter().map(|file| fs::read(file).expect("readable")).collect::<Vec<_>>()
    };
    // The first one is in the middle of an epoch.
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
fn the_best_file_holds_the_weights_of_the_best_epoch() {
    let mut data = digits();
    // Any rows are held out, not of every class the same.
    data.train.labels = None;
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Too fast at the end, so that the best epoch is not the last.
    let options = options().with(|options| {
        options.schedule.learning_rate = Some(0.05);
        options.length.epochs = Some(12);
        options.split.valid_fraction = Some(0.2);
    });
    let fitted = in_pieces(&folder.path().join("run"), &options, &data, 50);
    let loss = |epoch: usize| fitted.history[epoch].valid.as_ref().expect("a fifth of the rows").loss;
    let best = (0..12).fold(0, |best, epoch| if loss(epoch) < loss(best) { epoch } else { best });
    assert!(best < 11, "the last epoch is the best, which shows nothing");
    let there = options.with(|options| options.length.epochs = Some(best + 1));
    let expected = narrows_tests::fitted(&there, &data).export(&data).expect("an export").files;
    let (_, weights) = expected.into_iter().find(|(name, _)| *name == narrows_bundle::WEIGHTS).expect("weights");
    let found = fs::read(folder.path().join("run/checkpoints/best.safetensors")).expect("a best epoch");
    assert!(found == weights);
}

#[test]
fn an_unfinished_run_is_no_bundle() {
    let data = digits();
    let folder = tempfile::tempdir().expect("a temporary folder");
    broken_off(folder.path(), &data);
    assert!(Bundle::open(folder.path()).is_err());
}
