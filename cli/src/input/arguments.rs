//! Arguments shared by every verb that runs a model on samples.

use std::path::Path;

use clap::Args;
use narrows_data::Features;
use narrows_runtime::Autoencoder;

use super::{DataArguments, InputStream, Part};
use crate::{
    model::ModelArguments,
    output::{Format, FormatArguments, check_not_input, check_writable},
};

/// A model, and the samples to run it on.
#[derive(Debug, Args)]
pub(crate) struct SampleArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) data: DataArguments,
    /// Part of the data set to read; `all` are the training rows, then the test rows
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) part: Part,
}

impl SampleArguments {
    /// Returns the format of the output file, after checking that the file can be written and is not part of the
    /// data.
    pub(crate) fn check_out(&self, out: &Path, format: FormatArguments, accepted: &[Format]) -> anyhow::Result<Format> {
        let format = format.of(out, accepted)?;
        self.check_path(out)?;
        Ok(format)
    }

    /// Checks the file of another flag, which takes one format.
    pub(crate) fn check_other(&self, path: &Path, flag: &str, format: Format) -> anyhow::Result<()> {
        Format::of_flag(path, flag, &[format])?;
        self.check_path(path)
    }

    fn check_path(&self, path: &Path) -> anyhow::Result<()> {
        check_writable(path)?;
        check_not_input(path, self.data.spec())
    }

    /// Opens the samples of a mixed table as [`SampleArguments::rows`] does, with its own columns as pass-through
    /// columns.
    pub(crate) fn rows_with_columns<'a>(&self, model: &'a Autoencoder) -> anyhow::Result<InputStream<'a>> {
        let DataArguments { reading, limits, features: _ } = &self.data;
        let data = DataArguments {
            reading: reading.clone(),
            limits: limits.clone(),
            features: Some(Features::ValuesAndColumns),
        };
        InputStream::of(&data, self.part, model)
    }

    /// Opens the samples, with their classes if the model takes labels.
    pub(crate) fn rows<'a>(&self, model: &'a Autoencoder) -> anyhow::Result<InputStream<'a>> {
        InputStream::of(&self.data, self.part, model)
    }
}
