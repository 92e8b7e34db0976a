//! `narrows denoise`: noisy samples in, clean samples out.

mod clean;
mod denoised;
mod quality;
mod show;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_data::{StepMeans, write::Layout};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, Noise, NoiseSource, Samples};

use self::{clean::CleanRows, denoised::Denoised, quality::Quality, show::Shown};
use crate::{
    input::{Batch, InputStream, SampleArguments, for_each_step_batch},
    output::{Format, FormatArguments, Output, check_finite, check_not_input, sample_layout},
    report::note,
    rows_bar::RowsBar,
};

/// Remove noise from samples
///
/// Reads noisy samples, encodes and decodes them, and writes the results. An autoencoder maps samples towards those
/// that it was trained on; a denoising autoencoder (dae) was trained on noisy samples. With --clean the samples without
/// noise are known, and with --noise the noise is added here. Then the peak signal-to-noise ratio (PSNR) of each sample
/// is computed before and after: 10 log10(range^2 / mean squared error) in dB, with the range of the values of the
/// model: that of the unit for images, that of the training data otherwise. CSV and Parquet files also get the
/// pass-through columns. For windows of a recording, it writes one row per time step: the mean over the windows that
/// contain the step. Data is read in batches, so it may exceed memory.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows denoise models/dae --data noisy.npy --out clean.npy\n  \
    narrows denoise models/dae --data digits --part test --noise gaussian:0.3 --out denoised.png")]
pub(crate) struct Denoise {
    #[command(flatten)]
    samples: SampleArguments,
    /// The same samples without noise, in the same order: a data set, file or folder that is read like --data
    /// [default: none]
    #[arg(long, value_name = "SPEC", conflicts_with = "noise")]
    clean: Option<String>,
    /// Noise that is added to the data, which is then the clean one, in scaled units, as in training: gaussian (normal
    /// noise of standard deviation SD; 1 is the range of an image, or a standard deviation of a standardised column),
    /// masking (values become black, or the mean of a column, with probability P) or salt-pepper (values become the
    /// scaled 0 or 1 with probability P) [default: none]
    #[arg(long, value_name = "gaussian:SD|masking:P|salt-pepper:P")]
    noise: Option<Noise>,
    /// Random seed of the noise; the same seed gives the same noise
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Output file (.npy, .csv, .parquet or .png), one denoised sample per row, or one time step of a recording; a .png
    /// shows the first 16 images: noisy, denoised, and clean if known; or the first 64 series over the noisy ones
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    /// Print one JSON object: `rows` (of a recording, windows), and where the clean samples are known, `range`, `mse`
    /// and `psnr`, each before and after; `psnr` has the mean, min, p05, p50, p95 and max in dB over the samples,
    /// without `infinite` ones, whose error is 0
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Denoise) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, arguments.format, &Format::SAMPLES)?;
    arguments.clean.iter().try_for_each(|clean| check_not_input(&arguments.out, clean))?;
    let model = arguments.samples.model.open()?;
    let sample = &model.manifest().sample;
    let picture = Picture::of(sample);
    if format.is_picture() && !picture.accepts(&sample.shape) {
        bail!(
            "samples of shape {:?} are neither images nor series and cannot be drawn; write a .csv, .parquet or .npy file",
            sample.shape
        );
    }
    if sample.table.is_some() {
        bail!(
            "`denoise` removes noise from numbers, but this model takes the rows of a mixed table; use `reconstruct`"
        );
    }
    let mut rows = arguments.samples.rows(&model)?;
    let mut denoiser = Denoiser {
        model: &model,
        noise: arguments.noise.map(|noise| NoiseSource::of(noise, model.manifest(), arguments.seed)),
        clean: match &arguments.clean {
            Some(spec) => Some(CleanRows::open(&arguments.samples, spec, &model)?),
            None => None,
        },
        quality: Quality::new(model.sample_range()),
    };
    if let (Some(_), false) = (rows.windows(), format.is_picture()) {
        steps(arguments, format, &mut denoiser, &mut rows)?;
    } else {
        samples(arguments, format, &mut denoiser, &mut rows)?;
    }
    denoiser.quality.report(arguments.json, rows.returned(), &rows.counted_rows())
}

/// Denoises consecutive batches, and compares them with the clean samples where those are known.
struct Denoiser<'a> {
    model: &'a Autoencoder,
    noise: Option<NoiseSource>,
    clean: Option<CleanRows<'a>>,
    quality: Quality,
}

impl Denoiser<'_> {
    fn next(&mut self, rows: &InputStream<'_>, batch: &Batch) -> anyhow::Result<Denoised> {
        let mut noisy = batch.floats()?;
        let clean = match (&mut self.noise, &mut self.clean) {
            (Some(noise), _) => {
                let clean = noisy.clone();
                noise.apply(noisy.view_mut().into_dyn());
                Some(clean)
            }
            (None, Some(clean)) => Some(clean.take(batch.rows())?),
            (None, None) => None,
        };
        let samples = Samples::from(&noisy);
        let samples = match batch.classes() {
            Some(classes) => samples.labelled(classes),
            None => samples,
        };
        let denoised = self.model.reconstruct(samples).map_err(|error| rows.locate_error(error, batch))?;
        check_finite(&denoised.view(), rows.returned() - batch.rows())?;
        if let Some(clean) = &clean {
            let after = denoised.view().into_shape_with_order(noisy.dim())?;
            self.quality.add(&clean.view(), &noisy.view(), &after);
        }
        Ok(Denoised { noisy, clean, denoised })
    }

    /// Checks that the clean data had as many rows, before the output is completed.
    fn check_end(&mut self, rows: &InputStream<'_>) -> anyhow::Result<()> {
        self.clean.take().map_or(Ok(()), |clean| clean.finish(rows))
    }
}

fn samples(
    arguments: &Denoise,
    format: Format,
    denoiser: &mut Denoiser<'_>,
    rows: &mut InputStream<'_>,
) -> anyhow::Result<()> {
    let sample = &denoiser.model.manifest().sample;
    let layout = match (rows.columns(), &sample.shape[..]) {
        (Some(names), [features]) if names.len() == *features => Layout::named(names.to_vec()).into(),
        (_, _) => sample_layout(sample, format),
    };
    let mut output = match format.is_picture() {
        false => Some(Output::begin(&arguments.out, format, layout, Picture::default())?),
        true => None,
    };
    let mut shown = Shown::new(sample);
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let denoised = denoiser.next(rows, &batch)?;
        match &mut output {
            Some(output) => output.write(&denoised.denoised.view(), batch.others.as_ref())?,
            None => shown.add(&denoised)?,
        }
        bar.show(rows.read());
    }
    drop(bar);
    denoiser.check_end(rows)?;
    note(match output {
        Some(output) => output.finish("denoised sample", "")?,
        None => shown.write(&arguments.out, sample_layout(sample, format))?,
    });
    Ok(())
}

/// Denoises a recording: one row per time step, the mean over the windows that contain it.
fn steps(
    arguments: &Denoise,
    format: Format,
    denoiser: &mut Denoiser<'_>,
    rows: &mut InputStream<'_>,
) -> anyhow::Result<()> {
    let &[channels, window] = denoiser.model.sample_shape() else { bail!("the model takes no windows of a recording") };
    let layout = match rows.columns() {
        Some(names) if names.len() == channels => Layout::named(names.to_vec()),
        Some(_) | None => Layout::numbered(&[channels], "x"),
    };
    let mut output = Output::begin(&arguments.out, format, layout.with_missing(), Picture::default())?;
    let mut means = StepMeans::new(window, channels);
    for_each_step_batch(
        rows,
        &mut means,
        |rows, batch| {
            let denoised = denoiser.next(rows, batch)?.denoised;
            let denoised = denoised.into_shape_with_order((batch.rows(), channels, window))?;
            // From [windows, channels, window] to [windows, window, channels].
            Ok(denoised.permuted_axes([0, 2, 1]).mapv(f64::from))
        },
        |steps| output.write_with_missing(&steps.means.view().into_dyn(), steps.others.as_ref()),
    )?;
    denoiser.check_end(rows)?;
    note(output.finish("time step", "")?);
    Ok(())
}
