//! `narrows encode`: encodes samples to codes, for example as features for another model.

use std::path::PathBuf;

use clap::Args;
use narrows_bundle::counted;
use narrows_data::write::Layout;
use narrows_evaluate::Picture;

use crate::{
    input::SampleArguments,
    output::{Format, FormatArguments, Output},
    report::note,
    rows_bar::RowsBar,
};

/// Encode samples to codes
///
/// Reads samples, runs the encoder on them and writes one code per sample. For a variational model the code is the
/// mean of the posterior, so equal samples get equal codes. CSV and Parquet files also get the pass-through columns:
/// the columns of the input that are not features, such as an id.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  narrows encode models/vae --data digits --out codes.npy")]
pub(crate) struct Encode {
    #[command(flatten)]
    samples: SampleArguments,
    /// Output file (.npy, .csv or .parquet), one code per row; columns are named z0, z1, ...
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
}

pub(crate) fn run(arguments: &Encode) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, arguments.format, &Format::ROWS)?;
    let model = arguments.samples.model.open()?;
    let mut rows = arguments.samples.rows(&model)?;
    let latent = model.latent_dim();
    let mut output = Output::begin(&arguments.out, format, Layout::numbered(&[latent], "z"), Picture::default())?;
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let codes = model.encode(batch.samples()).map_err(|error| rows.locate_error(error, &batch))?;
        output.write(&codes.view().into_dyn(), batch.others.as_ref())?;
        bar.show(rows.read());
    }
    drop(bar);
    note(output.finish("code", &format!(" with {}", counted(latent, "dimension")))?);
    Ok(())
}
