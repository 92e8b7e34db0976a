//! `narrows impute`: fills in the missing values of a mixed table.

mod gaps;
mod merger;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use narrows_data::table::MissingCells;
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, CellChoice, ImputeOptions, Samples};
use ndarray::Array2;
use serde_json::json;

use self::{gaps::Gaps, merger::Merger};
use crate::{
    input::{Batch, InputStream, SampleArguments},
    misuse::misuse,
    notes::print_json,
    output::{Format, FormatArguments, Output, check_finite, sample_layout},
    report::note,
    rows_bar::RowsBar,
};

/// Fill in the missing values of a table
///
/// Reads the rows of a table for a model that was trained with --missing mask, and writes them with every gap filled
/// in. Values that are there are written as they are in the file. A variational model (vae, cvae) decodes several codes
/// for each row: a number becomes their mean, and a category its most probable level. With --multiple, it writes
/// several tables, each filled in from one code with the noise of the likelihood, so that analyses can measure how
/// uncertain the filled-in values are.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows impute models/vae --data penguins.csv --out complete.csv\n  \
    narrows impute models/vae --data penguins.csv --multiple 5 --out imputations.parquet")]
pub(crate) struct Impute {
    #[command(flatten)]
    samples: SampleArguments,
    /// Number of codes per row that a variational model decodes and averages; 0 decodes the mean of the posterior
    /// (variational models only) [default: 10]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    draws: Option<usize>,
    /// Number of tables to write one after the other, with their number, from 1, in the column imputation (variational
    /// models only) [default: one table, without this column]
    #[arg(long, value_name = "NUMBER", conflicts_with = "draws", allow_negative_numbers = true)]
    multiple: Option<usize>,
    /// Random seed of the codes; the same seed gives the same values
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    seed: u64,
    /// Output file (.csv or .parquet) with the columns of the table
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    format: FormatArguments,
    /// Print one JSON object: `rows`, `filled` (the number of values that were filled in), and `columns`, the number of
    /// each column that had gaps
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Impute) -> anyhow::Result<()> {
    let format = arguments.samples.check_out(&arguments.out, arguments.format, &Format::TABLES)?;
    if arguments.multiple == Some(0) {
        misuse!("--multiple 0 gives no table; pass --multiple 1 or more");
    }
    let model = arguments.samples.model.open()?;
    check_model(&model, arguments)?;
    let mut rows = arguments.samples.rows_with_columns(&model)?;
    let layout = sample_layout(&model.manifest().sample, format);
    let mut output = Output::begin(&arguments.out, format, layout, Picture::default())?;
    let mut gaps = Gaps::of(&model);
    let merger = Merger::of(&model, format)?;
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let values = batch.floats()?;
        let file = batch.others.as_ref().context("the columns of the file pass through")?;
        gaps.add(&values);
        match arguments.multiple {
            None => {
                let options = ImputeOptions::default().seed(arguments.seed);
                let options = arguments.draws.into_iter().fold(options, ImputeOptions::draws);
                let filled = impute(&model, &rows, &batch, &values, &options)?;
                output.write_columns(&merger.columns(&values, &filled, file, None)?)?;
            }
            Some(count) => {
                for number in 1..=count {
                    let options =
                        ImputeOptions::default().seed(seed_of(arguments.seed, number)).cells(CellChoice::Drawn);
                    let filled = impute(&model, &rows, &batch, &values, &options)?;
                    output.write_columns(&merger.columns(&values, &filled, file, Some(number))?)?;
                }
            }
        }
        bar.show(rows.read());
    }
    drop(bar);
    note(output.finish("row", "")?);
    match arguments.json {
        true => print_json(json!({ "rows": rows.returned(), "filled": gaps.total(), "columns": gaps.json() })),
        false => {
            note(gaps.text());
            Ok(())
        }
    }
}

/// Refuses models that cannot fill in values.
fn check_model(model: &Autoencoder, arguments: &Impute) -> anyhow::Result<()> {
    match &model.manifest().sample.table {
        Some(schema) if schema.missing == MissingCells::Masked => {}
        Some(_) | None => bail!(
            "this model was trained on complete rows, so it cannot fill in missing values; train one with --missing mask"
        ),
    }
    let given = [("--multiple", arguments.multiple), ("--draws", arguments.draws)];
    match given.into_iter().find_map(|(flag, number)| Some((flag, number?))) {
        Some((flag, number)) if !model.manifest().kind.is_variational() => bail!(
            "{flag} {number} needs the distribution over codes of a vae or cvae, but this model is a {}; leave {flag} out",
            model.manifest().kind
        ),
        Some(_) | None => Ok(()),
    }
}

fn impute(
    model: &Autoencoder,
    rows: &InputStream<'_>,
    batch: &Batch,
    values: &Array2<f32>,
    options: &ImputeOptions,
) -> anyhow::Result<Array2<f32>> {
    let samples = Samples::from(values);
    let samples = match batch.classes() {
        Some(classes) => samples.labelled(classes),
        None => samples,
    };
    let filled = model.impute(samples, options).map_err(|error| rows.locate_error(error, batch))?.rows;
    check_finite(&filled.view().into_dyn(), rows.returned() - batch.rows())?;
    Ok(filled)
}

/// Returns a seed for each imputation.
fn seed_of(seed: u64, number: usize) -> u64 {
    seed.wrapping_add((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}
