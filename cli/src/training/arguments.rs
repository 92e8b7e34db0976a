//! The flags of a run: what to train, in which folder, from where on.

use std::{
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use narrows_data::Limits;
use narrows_trainer::{Cadence, Every, Options, Run};

#[derive(Debug, Args)]
pub(crate) struct TrainingArguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    limits: Limits,
    /// Configuration file, as `narrows config` prints it; flags win over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Go on with the run in this folder, from its newest valid checkpoint
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "run"])]
    resume: Option<PathBuf>,
    /// Folder for the run: configuration, metrics, checkpoints [default: runs/KIND, or the first of
    /// runs/KIND-2, runs/KIND-3 and so on that is free]
    #[arg(long, value_name = "DIR")]
    run: Option<PathBuf>,
    /// When to save: epoch (at most once a second), a number of steps, or seconds like 30s
    #[arg(long, value_name = "WHEN", default_value = "epoch")]
    checkpoint_every: Every,
    /// How many of the newest checkpoints stay
    #[arg(long, value_name = "NUMBER", default_value = "2")]
    keep: NonZeroUsize,
}

impl TrainingArguments {
    /// What was asked for: by flags, then by the file or the run that they name.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let rest = match (&self.config, &self.resume) {
            (Some(path), _) => {
                let text = fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
                Options::from_toml(&text).with_context(|| format!("`{}`", path.display()))?
            }
            (None, Some(run)) => return Ok(Run::options_with(run, &self.options)?),
            (None, None) => Options::default(),
        };
        Ok(self.options.or(&rest))
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The flags that say them again, where they are not the default.
    pub(super) fn limit_flags(&self) -> String {
        let (limits, default) = (&self.limits, Limits::default());
        let memory = (limits.memory != default.memory).then(|| format!(" --memory {}", limits.memory.0));
        let unpack = (limits.unpack != default.unpack).then(|| format!(" --unpack {}", limits.unpack));
        memory.unwrap_or_default() + &unpack.unwrap_or_default()
    }

    pub(super) fn cadence(&self) -> Cadence {
        Cadence { every: self.checkpoint_every, keep: self.keep }
    }

    /// The flags that say so again, where it is not the default.
    pub(super) fn cadence_flags(&self) -> String {
        let (cadence, default) = (self.cadence(), Cadence::default());
        let every = (cadence.every != default.every).then(|| format!(" --checkpoint-every {}", cadence.every));
        let keep = (cadence.keep != default.keep).then(|| format!(" --keep {}", cadence.keep));
        every.unwrap_or_default() + &keep.unwrap_or_default()
    }

    /// Whether any free folder will do for a new run.
    pub(super) fn leaves_the_name_open(&self) -> bool {
        self.run.is_none()
    }

    /// The run to go on with.
    pub(super) fn resumed(&self) -> Option<&Path> {
        self.resume.as_deref()
    }

    /// The folder for a new run of this name.
    pub(super) fn new_run(&self, name: &str) -> PathBuf {
        let numbered = |number: usize| Path::new("runs").join(format!("{name}-{number}"));
        let first = Path::new("runs").join(name);
        match &self.run {
            Some(folder) => folder.clone(),
            None if !first.exists() => first,
            None => (2..).map(numbered).find(|folder| !folder.exists()).unwrap_or(first),
        }
    }
}
