//! `narrows traverse`: what each latent dimension changes.

use std::{collections::HashSet, num::NonZeroUsize, path::PathBuf};

use anyhow::bail;
use clap::Args;
use narrows_bundle::quoted_list;
use narrows_runtime::{Autoencoder, CodeSpread, traversal};
use ndarray::{Array1, Array2, Axis, concatenate};

use crate::{
    input::SampleArguments,
    latent::{
        Column, DecodedOutput, EncodedRow, FrameRate, Label, SpreadSource, Values, at_least_0, encode_rows, spread,
    },
    misuse::misuse,
    output::{Arrangement, Format, FormatArguments, check_not_input},
};

/// Move through one latent dimension at a time
///
/// Takes the code of a row of the data, or the mean of all codes, replaces one latent dimension after the other by
/// values at equal distances, and writes one sample per value: from minus to plus --range standard deviations around
/// the mean. The mean and the standard deviation of a dimension are those of the sampler of `fit-prior`, or of the
/// prior (wae, vae, cvae). For a model with neither, they are computed from the codes of --data first, in constant
/// memory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows traverse models/vae --out dimensions.png\n  \
    narrows traverse models/ae --data digits --row 3 --dimensions 0,4 --range 2 --out dimensions.gif")]
pub(crate) struct Traverse {
    #[command(flatten)]
    samples: SampleArguments,
    /// Row of the data whose code is changed, counted from 0 [default: the mean of the codes]
    #[arg(long, value_name = "ROW", allow_negative_numbers = true)]
    row: Option<usize>,
    /// Class of all samples, by name (conditional models only) [default: the class of the row]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    label: Option<String>,
    /// Latent dimensions to change, counted from 0, separated by commas [default: all]
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', allow_negative_numbers = true)]
    dimensions: Option<Vec<usize>>,
    /// Largest distance from the mean of the dimension, in standard deviations
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 3.0,
        value_parser = at_least_0,
        allow_negative_numbers = true
    )]
    range: f64,
    /// Number of values per dimension; for a .gif file at most 1001
    #[arg(long, value_name = "NUMBER", default_value = "11", allow_negative_numbers = true)]
    steps: NonZeroUsize,
    #[command(flatten)]
    frames: FrameRate,
    /// Output file (.npy, .csv, .parquet, .png or .gif), one sample per dimension and value; .csv and .parquet also get
    /// the columns dimension and value; a .png has one row per dimension, a .gif one image per dimension that moves
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

pub(crate) fn run(arguments: &Traverse) -> anyhow::Result<()> {
    let output = DecodedOutput::check(&arguments.out, arguments.format, &Format::WALKS)?;
    check_not_input(&arguments.out, arguments.samples.data.spec())?;
    let (steps, range) = (arguments.steps.get(), arguments.range);
    output.check_frames(steps)?;
    let named = arguments.dimensions.as_deref().unwrap_or_default();
    let mut seen = HashSet::new();
    if let Some(dimension) = named.iter().find(|&dimension| !seen.insert(dimension)) {
        misuse!("--dimensions names the dimension {dimension} twice; name it once");
    }
    let model = arguments.samples.model.open()?;
    let dimensions = arguments.dimensions.clone().unwrap_or_else(|| (0..model.latent_dim()).collect());
    let count = dimensions.len().saturating_mul(steps);
    output.check_model(&model, count, ("--steps", steps))?;
    let (start, label, spread) = start(arguments, &model)?;
    let walks: Vec<Array2<f32>> = dimensions
        .iter()
        .map(|&dimension| traversal(start.view(), &spread, dimension, range, steps))
        .collect::<Result<_, _>>()?;
    if walks.iter().flatten().any(|value| !value.is_finite()) {
        bail!("--range {range:e} gives codes that are too large for 32-bit floats; lower --range");
    }
    let codes = concatenate(Axis(0), &walks.iter().map(|walk| walk.view()).collect::<Vec<_>>())?;
    let repeated = dimensions.iter().flat_map(|&dimension| std::iter::repeat_n(dimension, steps));
    let values = repeated.clone().zip(codes.outer_iter()).map(|(dimension, code)| f64::from(code[dimension]));
    let columns = [
        Column {
            name: "dimension".to_owned(),
            values: Values::Integers(repeated.clone().map(|dimension| dimension as i64).collect()),
        },
        Column { name: "value".to_owned(), values: Values::Numbers(values.collect()) },
    ];
    let arrangement = match output.format() {
        Format::Gif => {
            Arrangement::Animation { steps, walks: dimensions.len(), frames_per_second: arguments.frames.fps }
        }
        Format::Npy | Format::Csv | Format::Parquet | Format::Png => {
            Arrangement::Grid { columns: steps, rows: dimensions.len() }
        }
    };
    output.decode(&model, &codes, label, &columns, arrangement)
}

/// Returns the code to change, its class if the decoder takes a class, and the spread of codes.
fn start(arguments: &Traverse, model: &Autoencoder) -> anyhow::Result<(Array1<f32>, Label, CodeSpread)> {
    let named = match &arguments.label {
        Some(_) if !model.takes_labels() => bail!("this {} takes no class; leave --label out", model.kind()),
        Some(name) => Some(model.class_named(name)? as i64),
        None if model.takes_labels() && arguments.row.is_none() => bail!(
            "this {} needs a class; pass --label CLASS (one of {}), or --row ROW to use its class",
            model.kind(),
            quoted_list(model.classes())
        ),
        None => None,
    };
    match arguments.row {
        Some(row) => {
            let [EncodedRow { code, class }] = encode_rows(&arguments.samples, model, [row])?;
            let label = named.or(class);
            Ok((code, label, spread(&arguments.samples, model, label, SpreadSource::PriorOrData)?))
        }
        None => {
            let spread = spread(&arguments.samples, model, named, SpreadSource::PriorOrNamedData)?;
            Ok((spread.mean.mapv(|mean| mean as f32), named, spread))
        }
    }
}
