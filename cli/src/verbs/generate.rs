//! `narrows generate`: new samples from the prior.

use std::path::PathBuf;

use clap::Args;
use narrows_runtime::Autoencoder;
use ndarray::{ArrayD, Axis};

use crate::{
    output::{Format, check_writable, joined, write_array},
    report::note,
};

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Folder that `train-export` left
    bundle: PathBuf,
    /// How many samples
    #[arg(long, default_value_t = 64)]
    count: usize,
    /// Class to draw, by name (conditional models; without it, the classes take turns)
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// The same seed draws the same samples
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// .npy, .csv or .png to write the samples to; a .png holds the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Generate) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &[Format::Npy, Format::Csv, Format::Png])?;
    check_writable(&arguments.out)?;
    let model = Autoencoder::open(&arguments.bundle)?;
    let samples = match &arguments.label {
        Some(name) => model.generate_class(model.class_named(name)?, arguments.count, arguments.seed)?,
        None if model.takes_labels() => in_turns(&model, arguments.count, arguments.seed)?,
        None => model.generate(arguments.count, arguments.seed)?,
    };
    write_array(&arguments.out, format, &samples.view(), "x", model.manifest().sample.range)?;
    note(format_args!("{} samples in {}", samples.shape()[0], arguments.out.display()));
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
    joined(&turns)
}
