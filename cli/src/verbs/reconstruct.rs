//! `narrows reconstruct`: samples to codes and back.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::{
    input::{DataArguments, Part, Rows},
    model::ModelArguments,
    output::{Format, check_writable, joined, told, write_array},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    data: DataArguments,
    /// Which rows
    #[arg(long, value_enum, default_value = "all")]
    part: Part,
    /// .npy, .csv or .png to write the reconstructions to; a .png holds the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Reconstruct) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &[Format::Npy, Format::Csv, Format::Png])?;
    check_writable(&arguments.out)?;
    let model = arguments.model.open()?;
    let rows = Rows::of(arguments.data.load()?, arguments.part, &model)?;
    let restored = rows.map(|samples| model.reconstruct(samples)).with_context(|| arguments.data.to_string())?;
    let restored = joined(&restored)?;
    write_array(&arguments.out, format, &restored.view(), "x", model.manifest().sample.range)?;
    note(told(restored.shape()[0], "reconstructions", &arguments.out, format));
    Ok(())
}
