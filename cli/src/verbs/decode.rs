//! `narrows decode`: codes to samples.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use narrows_data::{LoadOptions, Values};
use narrows_runtime::{Autoencoder, Codes};

use crate::{
    output::{Format, check_writable, write_array},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Decode {
    /// Folder that `train-export` left
    bundle: PathBuf,
    /// .npy or .csv with one code a row, as `encode` writes them
    #[arg(long, value_name = "FILE")]
    codes: PathBuf,
    /// Class to decode every code as, by name (conditional models)
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// .npy, .csv or .png to write the samples to; a .png holds the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Decode) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &[Format::Npy, Format::Csv, Format::Png])?;
    check_writable(&arguments.out)?;
    let model = Autoencoder::open(&arguments.bundle)?;
    // A path, even where a data set has the same name.
    let path = std::path::absolute(&arguments.codes)?;
    let codes = narrows_data::load(&path.to_string_lossy(), &LoadOptions::default())?.train.values;
    let Values::F32(codes) = codes else {
        bail!("`{}` holds bytes, codes are floats", arguments.codes.display());
    };
    let labels = match &arguments.label {
        Some(name) => Some(vec![model.class_named(name)? as i64; codes.nrows()]),
        None => None,
    };
    let mut input = Codes::from(codes.view());
    if let Some(labels) = &labels {
        input = input.labelled(labels);
    }
    let samples = model.decode(input).with_context(|| format!("`{}`", arguments.codes.display()))?;
    write_array(&arguments.out, format, &samples.view(), "x", model.manifest().sample.range)?;
    note(format_args!("{} samples in {}", samples.shape()[0], arguments.out.display()));
    Ok(())
}
