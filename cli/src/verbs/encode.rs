//! `narrows encode`: samples to codes, the features of transfer learning.

use std::path::PathBuf;

use clap::Args;
use narrows_data::write::Layout;

use crate::{
    input::{DataArguments, Part, Rows},
    model::ModelArguments,
    output::{Format, Output, check_apart, check_writable},
    report::note,
    rows_bar::RowsBar,
};

#[derive(Debug, Args)]
pub(crate) struct Encode {
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    data: DataArguments,
    /// Which rows
    #[arg(long, value_enum, default_value = "all")]
    part: Part,
    /// .npy, .csv or .parquet to write the codes to, one row a sample; in the last two beside the columns that
    /// are no part of the sample
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Encode) -> anyhow::Result<()> {
    let format = Format::of(&arguments.out, &Format::ROWS)?;
    check_writable(&arguments.out)?;
    check_apart(&arguments.out, arguments.data.spec())?;
    let model = arguments.model.open()?;
    let mut rows = Rows::of(&arguments.data, arguments.part, &model)?;
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
