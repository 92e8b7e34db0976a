//! Flags of a training run: the model, the run folder, and where to resume.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::Args;
use narrows_data::Limits;
use narrows_trainer::{Cadence, Every, Options, Run};

use crate::{config_file::options_of_file, misuse::misuse};

#[derive(Debug, Args)]
pub(crate) struct TrainingArguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    limits: Limits,
    /// TOML configuration file, as printed by `narrows config`; flags override it [default: none]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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

impl TrainingArguments {
    /// Returns the options of the flags, completed by those of the configuration file or of the resumed run.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let stored = match (&self.config, &self.resume) {
            (Some(path), _) => options_of_file(path)?,
            (None, Some(run)) => return Ok(Run::options_with(run, &self.options)?),
            (None, None) => Options::default(),
        };
        Ok(self.options.or(&stored))
    }

    /// Returns the options that are set by flags.
    pub(super) fn flags(&self) -> &Options {
        &self.options
    }

    /// Returns whether options may come from a configuration file or from the resumed run.
    pub(super) fn has_file(&self) -> bool {
        self.config.is_some() || self.resume.is_some()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Returns the flags that repeat the limits, for those that differ from the default.
    pub(super) fn limit_flags(&self) -> String {
        let (limits, default) = (&self.limits, Limits::default());
        let memory = (limits.memory != default.memory).then(|| format!(" --memory {}", limits.memory.0));
        let unpack = (limits.unpack != default.unpack).then(|| format!(" --unpack {}", limits.unpack));
        memory.unwrap_or_default() + &unpack.unwrap_or_default()
    }

    pub(super) fn cadence(&self) -> Cadence {
        Cadence { every: self.checkpoint_every, keep: self.keep }
    }

    /// Returns the flags that repeat the checkpoint interval, for values that differ from the default.
    pub(super) fn cadence_flags(&self) -> String {
        let (cadence, default) = (self.cadence(), Cadence::default());
        let every = (cadence.every != default.every).then(|| format!(" --checkpoint-every {}", cadence.every));
        let keep = (cadence.keep != default.keep).then(|| format!(" --keep {}", cadence.keep));
        every.unwrap_or_default() + &keep.unwrap_or_default()
    }

    /// Returns whether the user left the choice of the run folder to the program.
    pub(super) fn chooses_run_folder(&self) -> bool {
        self.run.is_none()
    }

    /// Returns the folder of the run to resume.
    pub(super) fn resume_folder(&self) -> Option<&Path> {
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

    /// Returns the folder of a new run: the one of `--run`, or the first free one for the model kind `name`.
    pub(super) fn new_run_folder(&self, name: &str) -> PathBuf {
        let numbered = |number: usize| Path::new("runs").join(format!("{name}-{number}"));
        let first = Path::new("runs").join(name);
        match &self.run {
            Some(folder) => folder.clone(),
            None if !first.exists() => first,
            None => (2..).map(numbered).find(|folder| !folder.exists()).unwrap_or(first),
        }
    }
}
