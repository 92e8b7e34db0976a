//! The files of a training run, `config.toml` and checkpoints, which only the trainer reads.

use std::{
    fs,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::Context;
use fastrand::Rng;
use narrows_bundle::sha256_hex;
use narrows_data::{Dataset, LoadOptions, load};
use narrows_trainer::{Cadence, Config, Options, Run, RunError, TrainError, fit_in, fitted_in};

use crate::{
    input::Input,
    outcome::{FAILED, defect, variant},
    seeds::{Files, SAMPLES},
};

/// The group of configurations of a run.
pub(crate) const CONFIG: &str = "config.toml";
/// The group of checkpoints.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// A small model with an optimizer that has moments, and an average of the weights.
const OPTIONS: &str = "kind = \"vae\"\nlatent_dim = 2\nhidden = [4]\nepochs = 2\nbatch_size = 2\naverage = 0.9\n\
                       valid_fraction = 0.0\nseed = 3\n";

/// The data, the configuration and the files of a finished run.
struct Trained {
    data: Dataset,
    config: Config,
    configuration: Vec<u8>,
    /// The name and the content of its newest checkpoint.
    checkpoint: (String, Vec<u8>),
}

fn trained() -> anyhow::Result<Trained> {
    let folder = std::env::temp_dir().join(format!("narrows-mutate-run-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let path = folder.join(SAMPLES.0);
    fs::write(&path, SAMPLES.1)?;
    let data = load(&path.to_string_lossy(), &LoadOptions::default())?;
    let config = Config::check(&Options::from_toml(OPTIONS)?, &data)?;
    let place = folder.join("run");
    let mut run = Run::create(&place, &config, &data, Cadence::default())?;
    fit_in(&mut run, &config, &data, &mut |_| ControlFlow::Continue(()))?;
    drop(run);
    let mut checkpoints: Vec<PathBuf> =
        fs::read_dir(place.join("checkpoints"))?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    checkpoints.sort_unstable();
    let newest = checkpoints.pop().context("a finished run has a checkpoint")?;
    let name = newest.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (configuration, checkpoint) = (fs::read(place.join("config.toml"))?, (name, fs::read(&newest)?));
    let _ = fs::remove_dir_all(&folder);
    Ok(Trained { data, config, configuration, checkpoint })
}

/// Returns the run, which is trained once per process.
fn run_files() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| trained().expect("a small run"))
}

/// Returns the group, the name and the content of each file to mutate.
pub(crate) fn seeds() -> [(&'static str, String, Vec<u8>); 2] {
    let Trained { configuration, checkpoint: (name, content), .. } = run_files();
    [(CONFIG, CONFIG.to_owned(), configuration.clone()), (CHECKPOINT, name.clone(), content.clone())]
}

/// Completes the folder of a run around a mutated file. The digest of a checkpoint is corrected in half of the cases.
pub(crate) fn complete(rng: &mut Rng, group: &str, files: &mut Files) {
    if group == CHECKPOINT
        && let Some((name, mut content)) = files.pop_first()
    {
        if rng.bool() {
            mend(&mut content);
        }
        files.insert(format!("checkpoints/{name}"), content);
        files.insert(CONFIG.to_owned(), run_files().configuration.clone());
    }
}

/// Corrects the digest of a checkpoint: the SHA-256 of the file with zeros in place of the digest.
fn mend(content: &mut [u8]) {
    const KEY: &[u8] = br#"\"digest\":\""#;
    let Some(start) = content.windows(KEY.len()).position(|window| window == KEY).map(|at| at + KEY.len()) else {
        return;
    };
    let Some(digest) = content.get_mut(start..start + 64) else { return };
    digest.fill(b'0');
    let mended = sha256_hex(content);
    content[start..start + 64].copy_from_slice(mended.as_bytes());
}

/// Opens the run in `folder`. `None` for other groups.
pub(crate) fn run(input: &Input, folder: &Path) -> Option<String> {
    let Trained { data, config, .. } = run_files();
    let outcome = match input.group {
        CONFIG => Run::options(folder)
            .map_err(TrainError::from)
            .map(|options| Config::check(&options, data).map_or_else(|_| "options that do not fit", |_| "read")),
        CHECKPOINT => Run::resume(folder, config, data, Cadence::default())
            .map_err(TrainError::from)
            .and_then(|(mut run, _)| fitted_in(&mut run, config, data))
            .map(|_| "read"),
        _ => return None,
    };
    Some(match outcome {
        Ok(outcome) => outcome.to_owned(),
        Err(TrainError::Run(error)) => refused(&error, folder),
        Err(error) => variant(&error),
    })
}

fn refused(error: &RunError, folder: &Path) -> String {
    match defect(&error.to_string(), &folder.to_string_lossy()) {
        Some(defect) => format!("{FAILED}{defect} ({})", variant(error)),
        None => variant(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_an_unchanged_checkpoint_is_the_mended_one() {
        let [_, (.., content)] = seeds();
        let mut mended = content.clone();
        mend(&mut mended);
        assert_eq!(mended, content);
    }
}
