//! `narrows encode`: samples to codes, the features of transfer learning.

use std::path::PathBuf;

use clap::Args;
use narrows_data::write::Layout;

use crate::{
    input::SampleArguments,
    output::{Format, Output},
    report::note,
    rows_bar::RowsBar,
};

#[derive(Debug, Args)]
pub(crate) struct Encode {
    #[command(flatten)]
    samples: SampleArguments,
    /// .npy, .csv or .parquet to write the codes to, one row a sample; in the last two beside the columns that
    /// are no part of the sample
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Encode) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, &Format::ROWS)?;
    let model = arguments.samples.model.open()?;
    let mut rows = arguments.samples.rows(&model)?;
    let latent = model.latent_dim();
    let mut output = Output::begin(&arguments.out, format, Layout::numbered(&[latent], "z"), (0.0, 1.0))?;
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let codes = model.encode(batch.samples()).map_err(|error| rows.told(error, &batch))?;
        output.write(&codes.view().into_dyn(), batch.others.as_ref())?;
        bar.show(rows.done());
    }
    drop(bar);
    note(output.finish(&format!("codes of {latent} numbers"))?);
    Ok(())
}
