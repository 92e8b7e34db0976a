//! `narrows decode`: decodes codes to samples.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;
use narrows_bundle::counted;
use narrows_data::{LoadOptions, Reading, Stream};
use narrows_evaluate::Picture;
use narrows_runtime::Autoencoder;

use crate::{
    input::InputStream,
    model::ModelArguments,
    output::{Format, FormatArguments, Output, check_not_input, check_writable, sample_layout},
    report::note,
    rows_bar::RowsBar,
};

/// Decode codes to samples
///
/// Reads codes as `encode` writes them, runs the decoder on them and writes one sample per code, in the unit of the
/// training data. A conditional model (cvae) also needs the class of each code.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows decode models/vae --codes codes.npy --out samples.png\n  \
    narrows decode models/cvae --codes codes.npy --label 7 --out sevens.png")]
pub(crate) struct Decode {
    #[command(flatten)]
    model: ModelArguments,
    /// File with one code per row (.npy, .csv or .parquet), as written by `encode`, or - for standard input
    #[arg(long, value_name = "FILE")]
    codes: PathBuf,
    /// Class of all codes, by name (conditional models only) [default: none]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    label: Option<String>,
    /// File with the class of each code (.npy, .csv or IDX; conditional models only) [default: none]
    #[arg(long, value_name = "FILE", conflicts_with = "label")]
    labels: Option<String>,
    /// Output file (.npy, .csv, .parquet or .png), one sample per row; a .png shows the first 256 images, or the first
    /// 64 series
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

pub(crate) fn run(arguments: &Decode) -> anyhow::Result<()> {
    let format = arguments.format.of(&arguments.out, &Format::SAMPLES)?;
    check_writable(&arguments.out)?;
    check_not_input(&arguments.out, &arguments.codes.to_string_lossy())?;
    let model = arguments.model.open()?;
    let codes = stream(&arguments.codes, arguments.labels.clone(), model.latent_dim())?;
    let width: usize = codes.head().sample_shape.iter().product();
    if width != model.latent_dim() {
        bail!(
            "`{}` has {} per row, but a code of this model has {}",
            arguments.codes.display(),
            counted(width, "value"),
            model.latent_dim()
        );
    }
    if codes.head().is_bytes {
        bail!("`{}` contains bytes, but codes are 32-bit floats", arguments.codes.display());
    }
    let label = check_labels(arguments, &model)?;
    let shape = model.sample_shape();
    let spec = arguments.codes.display().to_string();
    let mut rows = InputStream::over(spec, [codes].into(), shape.iter().product());
    if let Some(labels) = &arguments.labels {
        rows = rows.labelled(&model, labels.clone());
    }
    let picture = Picture::of(&model.manifest().sample);
    let max_rows = if format == Format::Png { picture.capacity() } else { usize::MAX };
    let mut output = Output::begin(&arguments.out, format, sample_layout(&model.manifest().sample, format), picture)?;
    let bar = RowsBar::new(rows.total());
    let mut class_buffer = Vec::new();
    while !output.is_full()
        && let Some(batch) = rows.next(max_rows)?
        && let Some(codes) = batch.codes(&mut class_buffer, label)
    {
        let samples = model.decode(codes).map_err(|error| rows.locate_error(error, &batch))?;
        output.write(&samples.view(), batch.others.as_ref())?;
        bar.show(rows.read());
    }
    drop(bar);
    note(output.finish("sample", "")?);
    Ok(())
}

/// Opens a file of codes: the columns named as `encode` names them if the file has them, otherwise all columns.
fn stream(path: &Path, labels: Option<String>, latent_dim: usize) -> anyhow::Result<Stream> {
    // A path with a folder: the name alone could be that of a built-in data set.
    let is_standard_input = narrows_data::is_standard_input(&path.to_string_lossy());
    let spec = if is_standard_input { path.to_owned() } else { Path::new(".").join(path) };
    let spec = spec.to_string_lossy().into_owned();
    if !is_standard_input && !path.is_file() {
        let what = if path.exists() { "is not a file" } else { "does not exist" };
        bail!(
            "`{}` {what}; --codes takes a .npy, .csv or .parquet file with one code per row, as written by `encode`",
            path.display()
        );
    }
    let stream = |columns| {
        let reading = Reading { labels: labels.clone(), columns, ..Reading::default() };
        narrows_data::stream(&spec, &LoadOptions { reading, ..LoadOptions::default() })
    };
    let names = (0..latent_dim).map(|index| format!("z{index}")).collect();
    let streams = stream(Some(names)).or_else(|_| stream(None))?;
    Ok(streams.train)
}

/// Returns the class of all codes if --label names one, after checking that the model and the label flags agree.
fn check_labels(arguments: &Decode, model: &Autoencoder) -> anyhow::Result<Option<i64>> {
    let kind = model.manifest().kind;
    match (&arguments.label, &arguments.labels) {
        (None, None) if model.takes_labels() => {
            bail!(
                "this {kind} needs the class of every code; pass --label CLASS, or --labels FILE with one class per row"
            )
        }
        (Some(_), _) | (_, Some(_)) if !model.takes_labels() => {
            bail!("this {kind} takes no class; leave --label and --labels out")
        }
        (Some(name), _) => Ok(Some(model.class_named(name)? as i64)),
        (None, _) => Ok(None),
    }
}
