//! `narrows reconstruct`: encodes samples and decodes them again.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_data::{StepMeans, write::Layout};
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, Codes, Error};
use ndarray::ArrayD;

use crate::{
    input::{Batch, InputStream, SampleArguments, for_each_step_batch},
    output::{Format, FormatArguments, Output, check_finite, sample_layout},
    report::note,
    rows_bar::RowsBar,
};

/// Encode samples and decode them again
///
/// Reads samples, runs the encoder and then the decoder, and writes one reconstruction per sample, in the unit of the
/// training data. CSV and Parquet files also get the pass-through columns: the columns of the input that are not
/// features, such as an id. For windows of a recording, it writes one row per time step: the mean over the windows that
/// contain the step, or nothing for a step in no window.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
        narrows reconstruct models/vae --data digits --part test --out reconstructions.png\n  \
        narrows reconstruct models/cvae --data digits --part test --to 7 --out sevens.png")]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    samples: SampleArguments,
    /// Class of the reconstructions, by name (conditional models only): samples are encoded with their own class and
    /// decoded with this one, so they keep their style and change their class [default: the class of each sample]
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    to: Option<String>,
    /// Output file (.npy, .csv, .parquet or .png), one reconstruction per row, or one time step of a recording; a .png
    /// shows the first 256 images, or the first 64 series over the originals
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

pub(crate) fn run(arguments: &Reconstruct) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, arguments.format, &Format::SAMPLES)?;
    let model = arguments.samples.model.open()?;
    let to = match &arguments.to {
        Some(_) if !model.takes_labels() => bail!("this {} takes no class; leave --to out", model.kind()),
        Some(name) => Some(model.class_named(name)? as i64),
        None => None,
    };
    let mut rows = arguments.samples.rows(&model)?;
    if let (Some(_), true) = (rows.windows(), format != Format::Png) {
        return steps(arguments, format, &model, rows, to);
    }
    let layout = match (rows.columns(), model.sample_shape()) {
        (Some(names), [features]) if names.len() == *features && model.manifest().sample.table.is_none() => {
            Layout::named(names.to_vec()).into()
        }
        (_, _) => sample_layout(&model.manifest().sample, format),
    };
    let picture = Picture::of(&model.manifest().sample);
    let (capacity, shows_originals) = (picture.capacity(), matches!(picture, Picture::Lines { .. }));
    let mut output = Output::begin(&arguments.out, format, layout, picture)?;
    // A .png needs no more rows than it shows.
    let (max_rows, total) = match format {
        Format::Png | Format::Gif => (capacity, None),
        Format::Npy | Format::Csv | Format::Parquet => (usize::MAX, rows.total()),
    };
    let bar = RowsBar::new(total);
    while !output.is_full()
        && let Some(batch) = rows.next(max_rows)?
    {
        let reconstructions = reconstruct(&model, &batch, to).map_err(|error| rows.locate_error(error, &batch))?;
        output.write(&reconstructions.view(), batch.others.as_ref())?;
        if format == Format::Png && shows_originals {
            let shape: Vec<usize> = [batch.rows()].iter().chain(model.sample_shape()).copied().collect();
            output.write_originals(&batch.floats()?.into_shape_with_order(shape)?.view())?;
        }
        bar.show(rows.read());
    }
    drop(bar);
    note(output.finish("reconstruction", "")?);
    Ok(())
}

/// Encodes samples with their own classes, and decodes them with the class `to` if there is one.
fn reconstruct(model: &Autoencoder, batch: &Batch, to: Option<i64>) -> Result<ArrayD<f32>, Error> {
    match to {
        Some(label) => {
            let codes = model.encode(batch.samples())?;
            model.decode(Codes::from(&codes).labelled(&vec![label; batch.rows()]))
        }
        None => model.reconstruct(batch.samples()),
    }
}

/// Reconstructs a recording: one row per time step, the mean over the windows that contain it.
fn steps(
    arguments: &Reconstruct,
    format: Format,
    model: &Autoencoder,
    mut rows: InputStream<'_>,
    to: Option<i64>,
) -> anyhow::Result<()> {
    let &[channels, window] = model.sample_shape() else { bail!("the model takes no windows of a recording") };
    let layout = match rows.columns() {
        Some(names) if names.len() == channels => Layout::named(names.to_vec()),
        Some(_) | None => Layout::numbered(&[channels], "x"),
    };
    let mut output = Output::begin(&arguments.out, format, layout.with_missing(), Picture::default())?;
    let mut means = StepMeans::new(window, channels);
    for_each_step_batch(
        &mut rows,
        &mut means,
        |rows, batch| {
            let reconstructions = reconstruct(model, batch, to).map_err(|error| rows.locate_error(error, batch))?;
            check_finite(&reconstructions.view(), rows.returned() - batch.rows())?;
            let reconstructions = reconstructions.into_shape_with_order((batch.rows(), channels, window))?;
            // From [windows, channels, window] to [windows, window, channels].
            Ok(reconstructions.permuted_axes([0, 2, 1]).mapv(f64::from))
        },
        |steps| output.write_with_missing(&steps.means.view().into_dyn(), steps.others.as_ref()),
    )?;
    note(output.finish("time step", "")?);
    Ok(())
}
