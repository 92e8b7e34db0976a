//! `narrows generate`: generates new samples from the prior.

mod condition;
mod table;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, Codes, GenerateOptions};
use ndarray::{Array2, ArrayD, Axis, Slice, stack};

use condition::Condition;

use crate::{
    latent::{Column, DecodedOutput, GridSize, above_0, at_least_0},
    misuse::misuse,
    model::ModelArguments,
    output::{Arrangement, Format, FormatArguments},
};

/// Largest number of columns of a picture with one column per class.
const MAX_CLASS_COLUMNS: usize = 32;

/// Generate new samples from the prior or the sampler of a model
///
/// Samples codes from the sampler of the bundle, or from the prior (wae, vae, cvae) without one, runs the decoder on
/// them and writes one sample per code, in the unit of the training data. A conditional model (cvae) generates samples
/// of one class, or of all classes in turn; its sampler has one distribution of codes per class. The rows of a mixed
/// table are drawn from the distributions of their columns, and its classes are as frequent as in the training data.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows generate models/vae --count 64 --out samples.png\n  \
    narrows generate models/vae --temperature 0.7 --truncate 2 --grid 12x8 --out typical.png\n  \
    narrows generate models/cvae --label 7 --count 64 --out sevens.png\n  \
    narrows generate models/kinds --count 500 --condition island=Dream --out penguins.csv")]
pub(crate) struct Generate {
    #[command(flatten)]
    model: ModelArguments,
    /// Number of samples to generate [default: 64, or as many as the grid has]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    count: Option<usize>,
    /// Class to generate, by name (conditional models only) [default: every class in turn]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    label: Option<String>,
    /// Value that a column of the class has in all rows of a mixed table, like country=NL; repeat it for further
    /// columns (conditional models trained with --label-column) [default: all values, as frequent as in the training
    /// data]
    #[arg(long, value_name = "COLUMN=VALUE", conflicts_with = "label")]
    condition: Vec<Condition>,
    /// Factor of the standard deviation of the prior: below 1, samples are more typical and less varied; 0 gives the
    /// sample of the mean code
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1.0,
        value_parser = at_least_0,
        allow_negative_numbers = true
    )]
    temperature: f64,
    /// Largest absolute value of each latent dimension, in standard deviations; larger values are sampled again, so the
    /// codes have a truncated normal distribution [default: none]
    #[arg(long, value_name = "NUMBER", value_parser = above_0, allow_negative_numbers = true)]
    truncate: Option<f32>,
    /// Random seed; the same seed gives the same samples
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Number of columns and rows of a .png file [default: about a square of up to 256 images or 64 series]
    #[arg(long, value_name = "COLUMNSxROWS", allow_hyphen_values = true)]
    grid: Option<GridSize>,
    /// Output file (.npy, .csv, .parquet or .png), one sample per row; without --grid, a .png shows the first 256
    /// images, or the first 64 series; .csv and .parquet of a conditional model also get
    /// the column class, or those of the class if the model is of a mixed table
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

pub(crate) fn run(arguments: &Generate) -> anyhow::Result<()> {
    let output = DecodedOutput::check(&arguments.out, arguments.format, &Format::SAMPLES)?;
    let mut count = arguments.count.or(arguments.grid.map(GridSize::count)).unwrap_or(64);
    if count == 0 {
        misuse!("--count 0 gives no sample; pass --count 1 or more");
    }
    let is_picture = output.format().is_picture();
    if arguments.grid.is_some() && !is_picture {
        misuse!("--grid is the arrangement of a .png file; leave it out for `{}`", arguments.out.display());
    }
    if let (Some(grid), Some(count)) = (arguments.grid, arguments.count)
        && count > grid.count()
    {
        misuse!(
            "--grid {grid} shows {} samples, but --count is {count}; leave --count out, or pass a larger --grid",
            grid.count()
        );
    }
    let model = arguments.model.open()?;
    let classes = if arguments.label.is_none() && model.takes_labels() { model.classes().len() } else { 0 };
    let capacity = Picture::of(&model.manifest().sample).capacity();
    let arrangement = match arguments.grid {
        Some(GridSize { columns, rows }) => Arrangement::Grid { columns, rows },
        None if (1..=MAX_CLASS_COLUMNS).contains(&classes) && count <= capacity => {
            Arrangement::Grid { columns: classes, rows: count.div_ceil(classes) }
        }
        None => Arrangement::Automatic,
    };
    if is_picture {
        // A .png needs no more samples than it shows.
        count = count.min(arguments.grid.map_or(capacity, GridSize::count));
    }
    match arguments.grid {
        Some(grid) => output.check_model(&model, count, ("--grid", grid))?,
        None => output.check_model(&model, count, ("--count", count))?,
    }
    let takes_conditions = model.takes_labels() && model.manifest().sample.table.is_some();
    if !arguments.condition.is_empty() && !takes_conditions {
        bail!(
            "--condition needs a conditional model of a mixed table, and this is a {}{}; train one with `train-export cvae \
             --label-column COLUMN`, or leave --condition out",
            model.manifest().kind,
            if model.manifest().sample.table.is_some() { "" } else { ", not of a mixed table" }
        );
    }
    let options = |count| {
        let options =
            GenerateOptions::default().count(count).seed(arguments.seed).temperature(arguments.temperature as f32);
        arguments.truncate.into_iter().fold(options, GenerateOptions::truncate)
    };
    if model.manifest().sample.table.is_some() {
        return rows_of_table(arguments, &model, &output, count, &options);
    }
    match &arguments.label {
        Some(_) if !model.takes_labels() => bail!("this {} takes no class; leave --label out", model.manifest().kind),
        Some(name) => {
            let class = model.class_named(name)?;
            let codes = model.sample_codes(&options(count).class(class))?;
            let class_column = Column::of_classes(model.classes().get(class..=class).unwrap_or_default());
            output.decode(&model, &codes, Some(class as i64), &[class_column], arrangement)
        }
        None if model.takes_labels() => {
            // The samples of one round share their noise, so a row of an image grid shows one style in every class.
            // Without a sampler of each class, they also share their code.
            let rounds = count.div_ceil(classes.max(1));
            let codes = (0..classes).map(|class| model.sample_codes(&options(rounds).class(class)));
            let codes = codes.collect::<Result<Vec<_>, _>>()?;
            let class_column = Column::of_classes(model.classes());
            output.write(&model, count, &[class_column], arrangement, |rows| classes_in_turn(&model, &codes, rows))
        }
        None => output.decode(&model, &model.sample_codes(&options(count))?, None, &[], arrangement),
    }
}

/// Generates rows of a mixed table, every cell drawn from its distribution.
fn rows_of_table(
    arguments: &Generate,
    model: &Autoencoder,
    output: &DecodedOutput<'_>,
    count: usize,
    options: &dyn Fn(usize) -> GenerateOptions<'static>,
) -> anyhow::Result<()> {
    if !model.takes_labels() {
        if arguments.label.is_some() {
            bail!("this {} takes no class; leave --label out", model.manifest().kind);
        }
        let codes = model.sample_codes(&options(count))?;
        return output.write_table(model, count, None, |rows| table::drawn(model, &codes, None, arguments.seed, rows));
    }
    let classes = table::classes(model, &arguments.condition, arguments.label.as_deref(), count, arguments.seed)?;
    let codes = table::codes(model, &classes.labels, options)?;
    output.write_table(model, count, Some(&classes.names), |rows| {
        table::drawn(model, &codes, Some(&classes.labels), arguments.seed, rows)
    })
}

/// Returns a range of the samples: the first code of every class, then the second code of every class, and so on.
/// `codes` are those of each class, `[rounds, latent]`.
fn classes_in_turn(model: &Autoencoder, codes: &[Array2<f32>], rows: Slice) -> anyhow::Result<ArrayD<f32>> {
    let classes = codes.len().max(1);
    let end = rows.end.map_or(rows.start, |end| end);
    let numbers: Vec<usize> = (rows.start..end).filter_map(|number| usize::try_from(number).ok()).collect();
    let labels: Vec<i64> = numbers.iter().map(|number| (number % classes) as i64).collect();
    let codes: Vec<_> = numbers.iter().map(|number| codes[number % classes].row(number / classes)).collect();
    let codes = stack(Axis(0), &codes)?;
    Ok(model.decode(Codes::from(&codes).labelled(&labels))?)
}
