//! `narrows reconstruct`: samples to codes and back.

use std::path::PathBuf;

use clap::Args;
use narrows_data::write::Layout;

use crate::{
    input::SampleArguments,
    output::{Format, MOST_PICTURES, Output},
    report::note,
    rows_bar::RowsBar,
};

#[derive(Debug, Args)]
pub(crate) struct Reconstruct {
    #[command(flatten)]
    samples: SampleArguments,
    /// .npy, .csv, .parquet or .png to write the reconstructions to; a .png holds the first 256, and a .csv or
    /// .parquet the columns that are no part of the sample, too
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
    // A picture needs no more than it shows.
    let (most, total) = match format {
        Format::Png => (MOST_PICTURES, None),
        Format::Npy | Format::Csv | Format::Parquet => (usize::MAX, rows.total()),
    };
    let bar = RowsBar::new(total);
    while !output.is_full()
        && let Some(batch) = rows.next(most)?
    {
        let restored = model.reconstruct(batch.samples()).map_err(|error| rows.told(error, &batch))?;
        output.write(&restored.view(), batch.others.as_ref())?;
        bar.show(rows.done());
    }
    drop(bar);
    note(output.finish("reconstructions")?);
    Ok(())
}
