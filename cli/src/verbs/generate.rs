//! `narrows generate`: generates new samples from the prior.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_data::write::Layout;
use narrows_evaluate::Picture;
use narrows_runtime::Autoencoder;
use ndarray::{ArrayD, Axis};

use crate::{
    model::ModelArguments,
    output::{Format, Output, check_writable},
    report::note,
};

/// Largest number of generated values: 4 GiB of 32-bit floats.
const MAX_VALUES: usize = 1 << 30;
/// Number of samples written at a time.
const CHUNK_ROWS: usize = 1024;

/// Generate new samples from the prior of a model (wae, vae, cvae)
///
/// Samples codes from the standard normal prior, runs the decoder on them and writes one sample per code, in the unit
/// of the training data. A conditional model (cvae) generates samples of one class, or of all classes in turn.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows generate models/vae --count 64 --out samples.png\n  \
    narrows generate models/cvae --label 7 --count 64 --out sevens.png")]
pub(crate) struct Generate {
    #[command(flatten)]
    model: ModelArguments,
    /// Number of samples to generate
    #[arg(long, default_value_t = 64, allow_negative_numbers = true)]
    count: usize,
    /// Class to generate, by name (conditional models only) [default: every class in turn]
    #[arg(long, value_name = "CLASS")]
    label: Option<String>,
    /// Random seed; the same seed gives the same samples
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Output file (.npy, .csv, .parquet or .png), one sample per row; a .png shows the first 256 images, or the first
    /// 64 series
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Generate) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &Format::SAMPLES)?;
    check_writable(&arguments.out)?;
    if arguments.count == 0 && format == Format::Png {
        bail!("--count 0 gives no sample to show in `{}`; pass --count 1 or more", arguments.out.display());
    }
    let model = arguments.model.open()?;
    let features: usize = model.sample_shape().iter().product();
    // A .png shows no more, and all samples are generated in one call.
    let picture = Picture::of(&model.manifest().sample);
    let count = if format == Format::Png { arguments.count.min(picture.capacity()) } else { arguments.count };
    if count.saturating_mul(features) > MAX_VALUES {
        bail!(
            "--count {count} gives more than {MAX_VALUES} values, which must fit into memory; lower --count and run again with other seeds"
        );
    }
    let samples = match &arguments.label {
        Some(_) if !model.takes_labels() => bail!("this {} takes no class; leave --label out", model.manifest().kind),
        Some(name) => model.generate_class(model.class_named(name)?, count, arguments.seed)?,
        None if model.takes_labels() => classes_in_turn(&model, count, arguments.seed)?,
        None => model.generate(count, arguments.seed)?,
    };
    let layout = Layout::numbered(model.sample_shape(), "x");
    let mut output = Output::begin(&arguments.out, format, layout, picture)?;
    for samples in samples.axis_chunks_iter(Axis(0), CHUNK_ROWS) {
        output.write(&samples, None)?;
    }
    note(output.finish("sample", "")?);
    Ok(())
}

/// Returns sample 0 of every class, then sample 1 of every class, and so on. The samples of one round share one code,
/// so a row of an image grid shows one style in every class.
fn classes_in_turn(model: &Autoencoder, count: usize, seed: u64) -> anyhow::Result<ArrayD<f32>> {
    if count == 0 {
        return Ok(model.generate_class(0, 0, seed)?);
    }
    let classes = model.classes().len().max(1);
    let rounds = count.div_ceil(classes);
    let by_class: Vec<ArrayD<f32>> =
        (0..classes).map(|class| model.generate_class(class, rounds, seed)).collect::<Result<_, _>>()?;
    let samples: Vec<ArrayD<f32>> = (0..count)
        .map(|index| {
            let round = index / classes;
            by_class[index % classes].slice_axis(Axis(0), (round..round + 1).into()).to_owned()
        })
        .collect();
    let views: Vec<_> = samples.iter().map(|sample| sample.view()).collect();
    Ok(ndarray::concatenate(Axis(0), &views)?)
}
