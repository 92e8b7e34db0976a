//! Flags of the folder of a run.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::Args;
use narrows_trainer::{Cadence, Every, RunError};

use crate::misuse::misuse;

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Resume the run in this folder from its newest valid checkpoint [default: start a new run]
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "run"])]
    resume: Option<PathBuf>,
    /// Folder for the run: configuration, metrics and checkpoints [default: runs/KIND, or runs/KIND-2, runs/KIND-3
    /// and so on if that exists]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// Interval of checkpoints: `epoch` (but at most one per second), a number of steps, or seconds like 30s
    #[arg(long, value_name = "WHEN", default_value = "epoch")]
    checkpoint_every: Every,
    /// Number of newest checkpoints to keep
    #[arg(long, value_name = "NUMBER", default_value = "2", allow_negative_numbers = true)]
    keep: NonZeroUsize,
}

impl RunArguments {
    pub(crate) fn cadence(&self) -> Cadence {
        Cadence { every: self.checkpoint_every, keep: self.keep }
    }

    /// Returns the flags that repeat the checkpoint interval, for values that differ from the default.
    pub(crate) fn cadence_flags(&self) -> String {
        let (cadence, default) = (self.cadence(), Cadence::default());
        let every = (cadence.every != default.every).then(|| format!(" --checkpoint-every {}", cadence.every));
        let keep = (cadence.keep != default.keep).then(|| format!(" --keep {}", cadence.keep));
        every.unwrap_or_default() + &keep.unwrap_or_default()
    }

    /// Returns the flags of a run that are set, for an error.
    pub(crate) fn set_flags(&self) -> Vec<&'static str> {
        let default = Cadence::default();
        let flags = [
            ("--resume", self.resume.is_some()),
            ("--run", self.run.is_some()),
            ("--checkpoint-every", self.checkpoint_every != default.every),
            ("--keep", self.keep != default.keep),
        ];
        flags.into_iter().filter_map(|(flag, is_set)| is_set.then_some(flag)).collect()
    }

    /// Returns the folder of the run to resume.
    pub(crate) fn resume_folder(&self) -> Option<&Path> {
        self.resume.as_deref()
    }

    /// Refuses a folder for the bundle that is, or would contain, the folder of the run: the bundle replaces what is
    /// there.
    pub(crate) fn check_apart(&self, out: &Path) -> anyhow::Result<()> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match self.run.as_deref() {
            Some(run) if absolute(run).starts_with(absolute(out)) => misuse!(
                "--out `{}` is the folder of the bundle, and cannot contain the run of --run `{}`; name another folder for \
                 one of them",
                out.display(),
                run.display()
            ),
            Some(_) | None => Ok(()),
        }
    }

    /// Creates a run by `create` in the folder that the user named, or in the first free one for the model kind `name`.
    /// Tries again if another process takes that folder first.
    pub(crate) fn create<R>(&self, name: &str, create: impl Fn(PathBuf) -> Result<R, RunError>) -> Result<R, RunError> {
        loop {
            match create(self.new_folder(name)) {
                Err(RunError::Busy { .. } | RunError::Occupied { .. }) if self.run.is_none() => {}
                outcome => return outcome,
            }
        }
    }

    /// Returns the folder of a new run: the one of `--run`, or the first free one for the model kind `name`.
    fn new_folder(&self, name: &str) -> PathBuf {
        let numbered = |number: usize| Path::new("runs").join(format!("{name}-{number}"));
        let first = Path::new("runs").join(name);
        match &self.run {
            Some(folder) => folder.clone(),
            None if !first.exists() => first,
            None => (2..).map(numbered).find(|folder| !folder.exists()).unwrap_or(first),
        }
    }
}
