//! `narrows decode`: codes to samples.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use narrows_data::{Dataset, LoadOptions, Values};
use narrows_runtime::{Autoencoder, Codes};

use crate::{
    input::numbering,
    model::ModelArguments,
    output::{Format, check_writable, told, write_array},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Decode {
    #[command(flatten)]
    model: ModelArguments,
    /// .npy or .csv with one code a row, as `encode` writes them
    #[arg(long, value_name = "FILE")]
    codes: PathBuf,
    /// Class to decode every code as, by name (conditional models)
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// File with the class of every code (.npy, .csv or IDX; conditional models)
    #[arg(long, value_name = "FILE", conflicts_with = "label")]
    labels: Option<PathBuf>,
    /// .npy, .csv or .png to write the samples to; a .png holds the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Decode) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &[Format::Npy, Format::Csv, Format::Png])?;
    check_writable(&arguments.out)?;
    let model = arguments.model.open()?;
    // A path, even where a data set has the same name.
    let path = std::path::absolute(&arguments.codes)?;
    let options = LoadOptions { labels: arguments.labels.clone(), ..LoadOptions::default() };
    let data = narrows_data::load(&path.to_string_lossy(), &options)?;
    let Values::F32(codes) = &data.train.values else {
        bail!("`{}` holds bytes, codes are floats", arguments.codes.display());
    };
    let labels = labels(arguments, &model, &data)?;
    let mut input = Codes::from(codes.view());
    if let Some(labels) = &labels {
        input = input.labelled(labels);
    }
    let samples = model.decode(input).with_context(|| format!("`{}`", arguments.codes.display()))?;
    write_array(&arguments.out, format, &samples.view(), "x", model.manifest().sample.range)?;
    note(told(samples.shape()[0], "samples", &arguments.out, format));
    Ok(())
}

/// A class for every code, where the model takes one: the same for all, or the file's.
fn labels(arguments: &Decode, model: &Autoencoder, data: &Dataset) -> anyhow::Result<Option<Vec<i64>>> {
    let kind = model.manifest().kind;
    match (&arguments.label, &data.train.labels) {
        (None, None) if model.takes_labels() => {
            bail!(
                "this {kind} is told the class of every code: name it by --label, or --labels for a file with one a row"
            )
        }
        (Some(_), _) | (_, Some(_)) if !model.takes_labels() => {
            bail!("this {kind} takes no class; leave --label and --labels out")
        }
        (Some(name), _) => Ok(Some(vec![model.class_named(name)? as i64; data.train.values.rows()])),
        (None, Some(labels)) => {
            let numbers = numbering(data.classes.as_deref(), model, &data.name)?;
            Ok(Some(labels.iter().map(|&label| numbers[label as usize]).collect()))
        }
        (None, None) => Ok(None),
    }
}
