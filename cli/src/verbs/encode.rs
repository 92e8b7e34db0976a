//! `narrows encode`: samples to codes, the features of transfer learning.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use narrows_runtime::Autoencoder;

use crate::{
    input::{DataArguments, Part, Rows},
    output::{Format, check_writable, joined, write_array},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Encode {
    /// Folder that `train-export` left, or the file that `pack` made of it
    bundle: PathBuf,
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
    let model = Autoencoder::open(&arguments.bundle)?;
    let rows = Rows::of(arguments.data.load()?, arguments.part, &model)?;
    let codes =
        rows.map(|samples| Ok(model.encode(samples)?.into_dyn())).with_context(|| arguments.data.to_string())?;
    let codes = joined(&codes)?;
    write_array(&arguments.out, format, &codes.view(), "z", (0.0, 1.0))?;
    note(format_args!("{} codes of {} numbers in {}", codes.shape()[0], model.latent_dim(), arguments.out.display()));
    Ok(())
}
