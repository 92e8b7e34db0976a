//! `narrows impute`: fills in the missing values of a mixed table.

use std::{path::PathBuf, sync::Arc};

use anyhow::bail;
use arrow_array::{Int64Array, RecordBatch};
use clap::Args;
use narrows_bundle::counted;
use narrows_data::table::MissingCells;
use narrows_evaluate::Picture;
use narrows_runtime::{Autoencoder, CellChoice, ImputeOptions, Samples};
use ndarray::Array2;
use serde_json::json;

use crate::{
    input::{Batch, InputStream, SampleArguments},
    misuse::misuse,
    notes::print_json,
    output::{ExtraColumn, Format, FormatArguments, Output, sample_layout, with_columns},
    report::note,
    rows_bar::RowsBar,
};

/// Name of the column with the number of an imputation.
const IMPUTATION: &str = "imputation";

/// Fill in the missing values of a table
///
/// Reads the rows of a table for a model that was trained with --missing mask, and writes them with every gap filled
/// in. Values that are there are kept. A variational model (vae, cvae) decodes several codes for each row: a number
/// becomes their mean, and a category its most probable level. With --multiple, it writes several tables, each filled
/// in from one code with the noise of the likelihood, so that analyses can measure how uncertain the filled-in values
/// are.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    narrows impute models/vae --data penguins.csv --out complete.csv\n  \
    narrows impute models/vae --data penguins.csv --multiple 5 --out imputations.parquet")]
pub(crate) struct Impute {
    #[command(flatten)]
    samples: SampleArguments,
    /// Number of codes per row that a variational model decodes and averages; 0 decodes the mean of the posterior
    #[arg(long, value_name = "NUMBER", default_value_t = 10, allow_negative_numbers = true)]
    draws: usize,
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
    let mut rows = arguments.samples.rows(&model)?;
    let layout = sample_layout(&model.manifest().sample, format);
    let mut output = Output::begin(&arguments.out, format, layout, Picture::default())?;
    let mut gaps = Gaps::of(&model);
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let values = batch.floats()?;
        gaps.add(&values);
        match arguments.multiple {
            None => {
                let options = ImputeOptions::default().seed(arguments.seed).draws(arguments.draws);
                let filled = impute(&model, &rows, &batch, &values, &options)?;
                output.write(&filled.view().into_dyn(), batch.others.as_ref())?;
            }
            Some(count) => {
                for number in 1..=count {
                    let options =
                        ImputeOptions::default().seed(seed_of(arguments.seed, number)).cells(CellChoice::Drawn);
                    let filled = impute(&model, &rows, &batch, &values, &options)?;
                    let others = numbered(batch.others.as_ref(), number, filled.nrows())?;
                    output.write(&filled.view().into_dyn(), Some(&others))?;
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
    let is_variational = model.manifest().kind.is_variational();
    if let (Some(count), false) = (arguments.multiple, is_variational) {
        bail!(
            "--multiple {count} needs the distribution over codes of a vae or cvae, but this model is a {}; leave --multiple \
             out",
            model.manifest().kind
        );
    }
    Ok(())
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
    Ok(model.impute(samples, options).map_err(|error| rows.locate_error(error, batch))?.rows)
}

/// Returns a seed for each imputation.
fn seed_of(seed: u64, number: usize) -> u64 {
    seed.wrapping_add((number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Adds the number of the imputation to the pass-through columns.
fn numbered(others: Option<&RecordBatch>, number: usize, rows: usize) -> anyhow::Result<RecordBatch> {
    let values = Arc::new(Int64Array::from(vec![number as i64; rows]));
    Ok(with_columns(others, vec![ExtraColumn { name: IMPUTATION.to_owned(), values }])?)
}

/// The number of missing values of every column.
struct Gaps {
    /// The names of the columns, and for each cell of a row the position of its column.
    names: Vec<String>,
    columns: Vec<usize>,
    counts: Vec<usize>,
}

impl Gaps {
    fn of(model: &Autoencoder) -> Self {
        let sample = &model.manifest().sample;
        let names: Vec<String> =
            sample.table.iter().flat_map(|schema| schema.columns.iter().map(|column| column.name.clone())).collect();
        let columns = sample.cells().unwrap_or_default().iter().map(|cell| cell.column).collect();
        Gaps { counts: vec![0; names.len()], names, columns }
    }

    /// Counts a missing value once, however many cells its column has.
    fn add(&mut self, rows: &Array2<f32>) {
        for row in rows.outer_iter() {
            let mut last = None;
            for (value, &column) in row.iter().zip(&self.columns) {
                if value.is_nan() && last != Some(column) {
                    self.counts[column] += 1;
                    last = Some(column);
                }
            }
        }
    }

    fn total(&self) -> usize {
        self.counts.iter().sum()
    }

    fn with_gaps(&self) -> impl Iterator<Item = (&String, usize)> {
        self.names.iter().zip(self.counts.iter().copied()).filter(|(_, count)| *count > 0)
    }

    fn json(&self) -> serde_json::Value {
        self.with_gaps().map(|(name, count)| (name.clone(), json!(count))).collect::<serde_json::Map<_, _>>().into()
    }

    fn text(&self) -> String {
        if self.total() == 0 {
            return "no value was missing".to_owned();
        }
        let columns: Vec<String> = self.with_gaps().map(|(name, count)| format!("{name} {count}")).collect();
        format!("filled in {}: {}", counted(self.total(), "missing value"), columns.join(", "))
    }
}
