//! `narrows reconstruct`: encodes samples and decodes them again.

use std::path::PathBuf;

use clap::Args;
use narrows_data::write::Layout;

use crate::{
    input::SampleArguments,
    output::{Format, MAX_IMAGES, Output},
    report::note,
    rows_bar::RowsBar,
};

/// Encode samples and decode them again
///
/// Reads samples, runs the encoder and then the decoder, and writes one reconstruction per sample, in the unit of the
/// training data. CSV and Parquet files also get the pass-through columns: the columns of the input that are not
/// features, such as an id.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  narrows reconstruct models/vae --data digits --part test --out reconstructions.png"
)]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    samples: SampleArguments,
    /// Output file (.npy, .csv, .parquet or .png), one reconstruction per row; a .png shows the first 256
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Reconstruct) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, &Format::SAMPLES)?;
    let model = arguments.samples.model.open()?;
    let mut rows = arguments.samples.rows(&model)?;
    let layout = match (rows.columns(), model.sample_shape()) {
        (Some(names), [features]) if names.len() == *features => Layout::named(names.to_vec()),
        (_, shape) => Layout::numbered(shape, "x"),
    };
    let mut output = Output::begin(&arguments.out, format, layout, model.manifest().sample.range)?;
    // A .png needs no more rows than it shows.
    let (max_rows, total) = match format {
        Format::Png => (MAX_IMAGES, None),
        Format::Npy | Format::Csv | Format::Parquet => (usize::MAX, rows.total()),
    };
    let bar = RowsBar::new(total);
    while !output.is_full()
        && let Some(batch) = rows.next(max_rows)?
    {
        let reconstructions = model.reconstruct(batch.samples()).map_err(|error| rows.locate_error(error, &batch))?;
        output.write(&reconstructions.view(), batch.others.as_ref())?;
        bar.show(rows.read());
    }
    drop(bar);
    note(output.finish("reconstruction", "")?);
    Ok(())
}
