//! `narrows encode`: samples to codes, the features of transfer learning.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::{
    input::{DataArguments, Part, Rows},
    model::ModelArguments,
    output::{Format, check_writable, joined, write_array},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Encode {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    data: DataArguments,
    /// Which rows
    #[arg(long, value_enum, default_value = "all")]
    part: Part,
    /// .npy or .csv to write the codes to, one row a sample
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Encode) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &[Format::Npy, Format::Csv])?;
    check_writable(&arguments.out)?;
    let model = arguments.model.open()?;
    let rows = Rows::of(arguments.data.load()?, arguments.part, &model)?;
    let codes =
        rows.map(|samples| Ok(model.encode(samples)?.into_dyn())).with_context(|| arguments.data.to_string())?;
    let codes = joined(&codes)?;
    write_array(&arguments.out, format, &codes.view(), "z", (0.0, 1.0))?;
    note(format_args!("{} codes of {} numbers in {}", codes.shape()[0], model.latent_dim(), arguments.out.display()));
    Ok(())
}
