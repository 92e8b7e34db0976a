//! `narrows interpolate`: samples between two samples, codes or classes.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use narrows_bundle::{Bundle, quoted_list};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, ClassPath, GenerateOptions, Interpolation, codes_between};
use ndarray::{Array1, Array2, Axis};

use crate::{
    input::SampleArguments,
    latent::{Column, DecodedOutput, EncodedRow, FrameRate, Values, encode_rows, steps_of_path},
    output::{Arrangement, Format, FormatArguments, check_not_input},
};

/// Largest number of images in one row of a picture.
const MAX_COLUMNS: usize = 32;

/// Decode codes between two samples, two random codes or two classes
///
/// Encodes two rows of the data, takes codes at equal distances on the path between their codes, and writes one sample
/// per code. Without rows, both ends are sampled as by `generate`: from the sampler of `fit-prior`, or from the prior
/// (wae, vae, cvae). A conditional model (cvae) also moves from one class to the other. Without rows and with two
/// different classes, both ends have the same noise: only the class changes, and with a sampler of each class also the
/// code.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows interpolate models/vae --data digits --from 0 --to 8 --out walk.png\n  \
    narrows interpolate models/vae --path spherical --steps 30 --out walk.gif\n  \
    narrows interpolate models/cvae --from-class 3 --to-class 8 --out classes.png")]
pub(crate) struct Interpolate {
    #[command(flatten)]
    samples: SampleArguments,
    /// Row of the data at which the path begins, counted from 0 [default: a sampled code]
    #[arg(long, value_name = "ROW", requires = "to", allow_negative_numbers = true)]
    from: Option<usize>,
    /// Row of the data at which the path ends, counted from 0 [default: a sampled code]
    #[arg(long, value_name = "ROW", requires = "from", allow_negative_numbers = true)]
    to: Option<usize>,
    /// Class at the beginning, by name (conditional models only) [default: the class of the row]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, requires = "to_class")]
    from_class: Option<String>,
    /// Class at the end, by name (conditional models only) [default: the class of the row]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, requires = "from_class")]
    to_class: Option<String>,
    /// Number of samples, with both ends; for a .gif file at most 1001
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 10,
        value_parser = steps_of_path,
        allow_negative_numbers = true
    )]
    steps: usize,
    /// Path between the codes: linear, or spherical (constant angular speed, for random codes of many dimensions)
    #[arg(long, value_enum, default_value = "linear")]
    path: Path,
    /// Random seed of sampled codes
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    #[command(flatten)]
    frames: FrameRate,
    /// Output file (.npy, .csv, .parquet, .png or .gif), one sample per step; .csv and .parquet also get the column t,
    /// the fraction of the path; a .png shows the samples next to each other, a .gif one after the other, forwards and
    /// back
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Path {
    /// The straight line
    Linear,
    /// The great circle, with the norm changing linearly
    Spherical,
}

pub(crate) fn run(arguments: &Interpolate) -> anyhow::Result<()> {
    let output = DecodedOutput::check(&arguments.out, arguments.format, &Format::WALKS)?;
    check_not_input(&arguments.out, arguments.samples.data.spec())?;
    let steps = arguments.steps;
    output.check_frames(steps)?;
    let model = arguments.samples.model.open()?;
    output.check_model(&model, steps, ("--steps", steps))?;
    let ends = ends(arguments, &model)?;
    let interpolation = match arguments.path {
        Path::Linear => Interpolation::Linear,
        Path::Spherical => Interpolation::Spherical,
    };
    let [from, to] = &ends;
    let codes = codes_between(from.code.view(), to.code.view(), steps, interpolation)?;
    let fractions = (0..steps).map(|step| step as f64 / (steps - 1) as f64).collect();
    let columns = [Column { name: "t".to_owned(), values: Values::Numbers(fractions) }];
    let arrangement = match output.format() {
        Format::Gif => Arrangement::Animation { steps, walks: 1, frames_per_second: arguments.frames.fps },
        Format::Npy | Format::Csv | Format::Parquet | Format::Png => {
            let columns = match Picture::of(&model.manifest().sample) {
                Picture::Images { .. } => steps.min(MAX_COLUMNS),
                lines @ Picture::Lines { .. } => lines.columns(steps, model.sample_shape()),
            };
            Arrangement::Grid { columns, rows: steps.div_ceil(columns) }
        }
    };
    match [from.class, to.class] {
        [Some(first), Some(last)] if first != last => {
            // The number of steps is limited by memory, because all steps are rows of the decoder's tables of classes.
            let samples = blended(arguments, &codes, [first, last])?;
            output.write(&model, steps, &columns, arrangement, |rows| Ok(samples.slice_axis(Axis(0), rows).to_owned()))
        }
        [label, _] => output.decode(&model, &codes, label, &columns, arrangement),
    }
}

/// Returns both ends, with their classes if the decoder takes a class.
fn ends(arguments: &Interpolate, model: &Autoencoder) -> anyhow::Result<[EncodedRow; 2]> {
    let classes = match (&arguments.from_class, &arguments.to_class) {
        (Some(_), _) | (_, Some(_)) if !model.takes_labels() => {
            bail!("this {} takes no class; leave --from-class and --to-class out", model.kind())
        }
        (Some(from), Some(to)) => Some([model.class_named(from)? as i64, model.class_named(to)? as i64]),
        (Some(_), None) | (None, Some(_)) | (None, None) => None,
    };
    let mut ends = match (arguments.from, arguments.to) {
        (Some(from), Some(to)) => encode_rows(&arguments.samples, model, [from, to])?,
        (Some(_), None) | (None, Some(_)) | (None, None) => sampled_ends(arguments, model, classes)?,
    };
    if let Some(classes) = classes {
        ends.iter_mut().zip(classes).for_each(|(end, class)| end.class = Some(class));
    }
    Ok(ends)
}

/// Samples both ends: with the same noise for a path between classes, otherwise with different noise.
fn sampled_ends(
    arguments: &Interpolate,
    model: &Autoencoder,
    classes: Option<[i64; 2]>,
) -> anyhow::Result<[EncodedRow; 2]> {
    if !model.is_generative() {
        bail!(
            "this {} has no prior to sample codes from; pass --from ROW and --to ROW of --data SPEC, or fit a sampler with \
             `narrows fit-prior`",
            model.kind()
        );
    }
    if model.takes_labels() && classes.is_none() {
        bail!(
            "this {} needs classes; pass --from-class and --to-class (of {}), or --from ROW and --to ROW",
            model.kind(),
            quoted_list(model.classes())
        );
    }
    let options = GenerateOptions::default().count(2).seed(arguments.seed);
    let end = |class: Option<i64>, row: usize| -> anyhow::Result<EncodedRow> {
        let codes = match class {
            Some(class) => model.sample_codes(&options.clone().class(usize::try_from(class)?))?,
            None => model.sample_codes(&options)?,
        };
        let code: Array1<f32> = codes.row(row).to_owned();
        Ok(EncodedRow { code, class })
    };
    match classes {
        Some([from, to]) if from != to => Ok([end(Some(from), 0)?, end(Some(to), 0)?]),
        Some([class, _]) => Ok([end(Some(class), 0)?, end(Some(class), 1)?]),
        None => Ok([end(None, 0)?, end(None, 1)?]),
    }
}

/// Decodes codes whose class moves from one class to another.
fn blended(arguments: &Interpolate, codes: &Array2<f32>, ends: [i64; 2]) -> anyhow::Result<ndarray::ArrayD<f32>> {
    let model = &arguments.samples.model;
    let [from, to] = ends.map(usize::try_from);
    let (from, to) = (from.context("a class has no index")?, to.context("a class has no index")?);
    let path = ClassPath::open(&Bundle::open(model.bundle())?, &model.options(), from, to, codes.nrows())?;
    Ok(path.decode(codes.view())?)
}
