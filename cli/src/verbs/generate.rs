//! `narrows generate`: new samples from the prior.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_data::write::Layout;
use narrows_runtime::Autoencoder;
use ndarray::{ArrayD, Axis};

use crate::{
    model::ModelArguments,
    output::{Format, MOST_PICTURES, Output, check_writable},
    report::note,
};

/// Numbers that are generated at a time: 4 GiB of them.
const MOST_NUMBERS: usize = 1 << 30;
/// Samples that are written at a time.
const ROWS: usize = 1024;

#[derive(Debug, Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    model: ModelArguments,
    /// How many samples
    #[arg(long, default_value_t = 64)]
    count: usize,
    /// Class to draw, by name (conditional models; without it, the classes take turns)
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// The same seed draws the same samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// .npy, .csv, .parquet or .png to write the samples to; a .png holds the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Generate) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &Format::SAMPLES)?;
    check_writable(&arguments.out)?;
    let model = arguments.model.open()?;
    let features: usize = model.sample_shape().iter().product();
    // A picture holds no more, and samples are drawn all at once.
    let count = if format == Format::Png { arguments.count.min(MOST_PICTURES) } else { arguments.count };
    if count.saturating_mul(features) > MOST_NUMBERS {
        bail!(
            "--count {count} makes more than {MOST_NUMBERS} numbers, which have to fit into memory; ask for fewer at a time, with other seeds"
        );
    }
    let samples = match &arguments.label {
        Some(_) if !model.takes_labels() => bail!("this {} takes no class; leave --label out", model.manifest().kind),
        Some(name) => model.generate_class(model.class_named(name)?, count, arguments.seed)?,
        None if model.takes_labels() => in_turns(&model, count, arguments.seed)?,
        None => model.generate(count, arguments.seed)?,
    };
    let layout = Layout::numbered(model.sample_shape(), "x");
    let mut output = Output::begin(&arguments.out, format, layout, model.manifest().sample.range)?;
    for samples in samples.axis_chunks_iter(Axis(0), ROWS) {
        output.write(&samples, None)?;
    }
    note(output.finish("samples")?);
    Ok(())
}

/// Sample 0 of class 0, sample 0 of class 1 and so on: the same code for a whole turn, so that a row of
/// the grid shows one style in every class.
fn in_turns(model: &Autoencoder, count: usize, seed: u64) -> anyhow::Result<ArrayD<f32>> {
    if count == 0 {
        return Ok(model.generate_class(0, 0, seed)?);
    }
    let classes = model.classes().len().max(1);
    let rounds = count.div_ceil(classes);
    let drawn: Vec<ArrayD<f32>> =
        (0..classes).map(|class| model.generate_class(class, rounds, seed)).collect::<Result<_, _>>()?;
    let turns: Vec<ArrayD<f32>> = (0..count)
        .map(|index| {
            let round = index / classes;
            drawn[index % classes].slice_axis(Axis(0), (round..round + 1).into()).to_owned()
        })
        .collect();
    let views: Vec<_> = turns.iter().map(|turn| turn.view()).collect();
    Ok(ndarray::concatenate(Axis(0), &views)?)
}
