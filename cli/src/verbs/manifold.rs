//! `narrows manifold`: a map of the samples over two latent dimensions.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_bundle::quoted_list;
use narrows_runtime::{Autoencoder, quantile_grid};

use crate::{
    input::SampleArguments,
    latent::{Column, DecodedOutput, GridSize, Label, SpreadSource, Values, spread, strongest_dimensions},
    misuse::misuse,
    output::{Arrangement, Format, FormatArguments, check_not_input},
    report::note,
};

/// Draw a grid of samples over two latent dimensions
///
/// Decodes the codes of a grid over two latent dimensions and writes one sample per code, row by row: the first
/// dimension grows from left to right, the second from top to bottom. The values are quantiles of a normal distribution
/// with equal probabilities in between, (i + 1/2) / n for n columns or rows. All other dimensions have their mean. The
/// mean and the standard deviation of a dimension are those of the sampler of `fit-prior`, or of the prior (wae, vae,
/// cvae). For a model with neither, they are computed from the codes of --data first, in constant memory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows manifold models/vae --out map.png\n  \
    narrows manifold models/ae --data digits --dimensions 2,5 --grid 30x20 --out map.png")]
pub(crate) struct Manifold {
    #[command(flatten)]
    samples: SampleArguments,
    /// The two latent dimensions, counted from 0: across, down [default: the two that change the samples most]
    #[arg(long, value_name = "ACROSS,DOWN", value_delimiter = ',', allow_negative_numbers = true)]
    dimensions: Option<Vec<usize>>,
    /// Number of columns and rows
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "20x20", allow_hyphen_values = true)]
    grid: GridSize,
    /// Class of all samples, by name (conditional models only) [default: none]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    label: Option<String>,
    /// Output file (.npy, .csv, .parquet or .png), one sample per code; .csv and .parquet also get the values of the
    /// two dimensions, in columns such as z0 and z1
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

pub(crate) fn run(arguments: &Manifold) -> anyhow::Result<()> {
    let output = DecodedOutput::check(&arguments.out, arguments.format, &Format::SAMPLES)?;
    check_not_input(&arguments.out, arguments.samples.data.spec())?;
    let named = match arguments.dimensions.as_deref() {
        None => None,
        Some([across, down]) if across == down => {
            misuse!("--dimensions names the dimension {across} twice; pass two different ones")
        }
        Some(&[across, down]) => Some([across, down]),
        Some(other) => misuse!("--dimensions takes two dimensions, such as 0,1, but got {}", other.len()),
    };
    let GridSize { columns, rows } = arguments.grid;
    let model = arguments.samples.model.open()?;
    if model.latent_dim() < 2 {
        bail!("this model has one latent dimension, and a map needs two; use `narrows traverse`");
    }
    output.check_model(&model, arguments.grid.count(), ("--grid", arguments.grid))?;
    let label = label(arguments, &model)?;
    let spread = spread(&arguments.samples, &model, label, SpreadSource::PriorOrNamedData)?;
    let [across, down] = match named {
        Some(dimensions) => dimensions,
        None => strongest_dimensions(&model, &spread, label)?,
    };
    if named.is_none() && model.latent_dim() > 2 {
        note(format_args!("the dimensions that change the samples most are {across} (across) and {down} (down)"));
    }
    let start = spread.mean.mapv(|mean| mean as f32);
    let codes = quantile_grid(start.view(), &spread, [across, down], [columns, rows])?;
    let values = [across, down].map(|dimension| {
        let values = codes.column(dimension).iter().map(|&value| f64::from(value)).collect();
        Column { name: format!("z{dimension}"), values: Values::Numbers(values) }
    });
    output.decode(&model, &codes, label, &values, Arrangement::Grid { columns, rows })
}

/// Returns the class of all samples, after checking that the model takes one.
fn label(arguments: &Manifold, model: &Autoencoder) -> anyhow::Result<Label> {
    match &arguments.label {
        Some(_) if !model.takes_labels() => bail!("this {} takes no class; leave --label out", model.kind()),
        Some(name) => Ok(Some(model.class_named(name)? as i64)),
        None if model.takes_labels() => {
            bail!("this {} needs a class; pass --label CLASS, one of {}", model.kind(), quoted_list(model.classes()))
        }
        None => Ok(None),
    }
}
