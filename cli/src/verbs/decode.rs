//! `narrows decode`: codes to samples.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use narrows_data::{LoadOptions, Reading, Stream, write::Layout};
use narrows_runtime::Autoencoder;

use crate::{
    input::InputStream,
    model::ModelArguments,
    output::{Format, MOST_PICTURES, Output, check_apart, check_writable},
    report::note,
    rows_bar::RowsBar,
};

#[derive(Debug, Args)]
pub(crate) struct Decode {
    #[command(flatten)]
    model: ModelArguments,
    /// .npy, .csv or .parquet with one code a row, as `encode` writes them
    #[arg(long, value_name = "FILE")]
    codes: PathBuf,
    /// Class to decode every code as, by name (conditional models)
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// File with the class of every code (.npy, .csv or IDX; conditional models)
    #[arg(long, value_name = "FILE", conflicts_with = "label")]
    labels: Option<String>,
    /// .npy, .csv, .parquet or .png to write the samples to; a .png holds the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Decode) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &Format::SAMPLES)?;
    check_writable(&arguments.out)?;
    check_apart(&arguments.out, &arguments.codes.to_string_lossy())?;
    let model = arguments.model.open()?;
    let codes = stream(&arguments.codes, arguments.labels.clone(), model.latent_dim())?;
    if codes.head().is_bytes {
        bail!("`{}` holds bytes, codes are floats", arguments.codes.display());
    }
    let label = check_labels(arguments, &model)?;
    let shape = model.sample_shape();
    let spec = arguments.codes.display().to_string();
    let mut rows = InputStream::over(spec, [codes].into(), shape.iter().product());
    if arguments.labels.is_some() {
        rows = rows.labelled(&model);
    }
    let range = model.manifest().sample.range;
    let mut output = Output::begin(&arguments.out, format, Layout::numbered(shape, "x"), range)?;
    let most = if format == Format::Png { MOST_PICTURES } else { usize::MAX };
    let bar = RowsBar::new(rows.total());
    let mut class = Vec::new();
    while !output.is_full()
        && let Some(batch) = rows.next(most)?
        && let Some(codes) = batch.codes(&mut class, label)
    {
        let samples = model.decode(codes).map_err(|error| rows.told(error, &batch))?;
        output.write(&samples.view(), batch.others.as_ref())?;
        bar.show(rows.done());
    }
    drop(bar);
    note(output.finish("samples")?);
    Ok(())
}

/// The codes in a file: the columns that `encode` names, where there are such, else all that it has.
fn stream(path: &Path, labels: Option<String>, latent: usize) -> anyhow::Result<Stream> {
    // A path, even where a data set has the same name.
    let spec = std::path::absolute(path)?.to_string_lossy().into_owned();
    let stream = |columns| {
        let reading = Reading { labels: labels.clone(), columns, ..Reading::default() };
        narrows_data::stream(&spec, &LoadOptions { reading, ..LoadOptions::default() })
    };
    let names = (0..latent).map(|index| format!("z{index}")).collect();
    let streams = stream(Some(names)).or_else(|_| stream(None))?;
    Ok(streams.train)
}

/// The class of all codes, where one is named; whether there is one for each is looked at, too.
fn check_labels(arguments: &Decode, model: &Autoencoder) -> anyhow::Result<Option<i64>> {
    let kind = model.manifest().kind;
    match (&arguments.label, &arguments.labels) {
        (None, None) if model.takes_labels() => {
            bail!(
                "this {kind} is told the class of every code: name it by --label, or --labels for a file with one a row"
            )
        }
        (Some(_), _) | (_, Some(_)) if !model.takes_labels() => {
            bail!("this {kind} takes no class; leave --label and --labels out")
        }
        (Some(name), _) => Ok(Some(model.class_named(name)? as i64)),
        (None, _) => Ok(None),
    }
}
