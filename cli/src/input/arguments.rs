//! What every verb that runs a model over samples is told.

use std::path::Path;

use clap::Args;
use narrows_runtime::Autoencoder;

use super::{DataArguments, InputStream, Part};
use crate::{
    model::ModelArguments,
    output::{Format, check_apart, check_writable},
};

/// A model, and the samples to run it on.
#[derive(Debug, Args)]
pub(crate) struct SampleArguments {
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    #[command(flatten)]
    pub(crate) data: DataArguments,
    /// Which rows
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) part: Part,
}

impl SampleArguments {
    /// The format of a file that can be written and is none of the data.
    pub(crate) fn check_out(&self, out: &Path, accepted: &[Format]) -> anyhow::Result<Format> {
        let format = Format::of(out, accepted)?;
        check_writable(out)?;
        check_apart(out, self.data.spec())?;
        Ok(format)
    }

    /// The samples, with their classes where the model takes them.
    pub(crate) fn rows<'a>(&self, model: &'a Autoencoder) -> anyhow::Result<InputStream<'a>> {
        InputStream::of(&self.data, self.part, model)
    }
}
