//! Flags of a training run: the model, the run folder, and where to resume.

use std::path::PathBuf;

use clap::Args;
use narrows_data::Limits;
use narrows_trainer::{Options, Run};

use super::RunArguments;
use crate::config_file::options_of_file;

#[derive(Debug, Args)]
pub(crate) struct TrainingArguments {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    limits: Limits,
    /// TOML configuration file, as printed by `narrows config`; flags override it [default: none]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: RunArguments,
}

impl TrainingArguments {
    /// Returns the options of the flags, completed by those of the configuration file or of the resumed run.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let stored = match (&self.config, self.run.resume_folder()) {
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
        self.config.is_some() || self.run.resume_folder().is_some()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Returns the flags that repeat the limits, for those that differ from the default.
pub(crate) fn limit_flags(limits: &Limits) -> String {
    let default = Limits::default();
    let memory = (limits.memory != default.memory).then(|| format!(" --memory {}", limits.memory.0));
    let unpack = (limits.unpack != default.unpack).then(|| format!(" --unpack {}", limits.unpack));
    memory.unwrap_or_default() + &unpack.unwrap_or_default()
}
