//! Who trains, in the order of the table, each in a process of its own.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    child,
    job::config_file,
    outcome::{Measured, Outcome},
    row::Row,
    stop::Stop,
};
use crate::locked::locked_version;

/// The folder of our own run, in that of the job.
const RUN: &str = "run";

/// The peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Narrows,
    PyTorch,
    Candle,
}

/// Where they run.
pub(crate) struct Place<'a> {
    /// Python with PyTorch.
    pub(crate) python: &'a Path,
    /// Where the job is prepared.
    pub(crate) folder: &'a Path,
    pub(crate) stop: &'a Stop,
}

impl Who {
    pub(crate) const ALL: [Who; 3] = [Who::Narrows, Who::PyTorch, Who::Candle];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Who::Narrows => "narrows train",
            Who::PyTorch => "PyTorch",
            Who::Candle => "plain Candle",
        }
    }

    /// Its turns of a row. On images plain Candle takes many times as long as the others: one turn and one epoch
    /// say enough of it.
    pub(crate) fn rounds(self, row: Row) -> usize {
        match self {
            Who::Candle if row.is_of_images() => 1,
            Who::Narrows | Who::PyTorch | Who::Candle => row.rounds(),
        }
    }

    /// Its epochs in a turn.
    pub(crate) fn epochs(self, row: Row) -> usize {
        match self {
            Who::Candle if row.is_of_images() => 1,
            Who::Narrows | Who::PyTorch | Who::Candle => row.epochs(),
        }
    }

    /// Trains as the prepared job says.
    ///
    /// # Errors
    /// If the peer is not there or fails, with its own reason.
    pub(crate) fn train(self, row: Row, place: &Place<'_>) -> Result<Measured> {
        let mut command = match self {
            Who::Narrows => narrows(place)?,
            Who::PyTorch => torch(place)?,
            Who::Candle => own(&["candle", &self.epochs(row).to_string()], place)?,
        };
        let ended = child::run(&mut command, place.folder, place.stop)?;
        let outcome = match self {
            Who::Narrows => {
                let metrics = fs::read_to_string(place.folder.join(RUN).join("metrics.jsonl"))?;
                Outcome::of_report(&ended.printed, &metrics, locked_version("narrows-trainer"))?
            }
            Who::PyTorch | Who::Candle => serde_json::from_str(&ended.printed)?,
        };
        Ok(Measured { outcome, peak: ended.peak })
    }
}

/// This program with a part of it to run in a process of its own, for the folder of the job.
pub(crate) fn own(part: &[&str], place: &Place<'_>) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(part).arg(place.folder);
    Ok(command)
}

/// The program that the recipe built beside this one.
fn narrows(place: &Place<'_>) -> Result<Command> {
    let program = env::current_exe()?.with_file_name(format!("narrows{}", env::consts::EXE_SUFFIX));
    let run = fresh(place.folder.join(RUN))?;
    let mut command = Command::new(program);
    command.args(["--quiet", "train", "--json", "--config"]).arg(config_file(place.folder)).arg("--run").arg(run);
    Ok(command)
}

/// A path that is free.
fn fresh(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    Ok(folder)
}

fn torch(place: &Place<'_>) -> Result<Command> {
    let script = place.folder.join("torch_peer.py");
    fs::write(&script, include_str!("torch_peer.py"))?;
    let mut command = Command::new(place.python);
    // glibc would give the memory of large tensors back after every step, only to ask for it again.
    command.envs([("MALLOC_MMAP_THRESHOLD_", "4294967296"), ("MALLOC_TRIM_THRESHOLD_", "4294967296")]);
    // It leaves a folder among the temporary files, where its compiler would put something.
    command.env("TMPDIR", place.folder).arg(script).arg(place.folder);
    Ok(command)
}
