//! `narrows classify`: predicts classes or, with a regressor, numbers.

mod errors;
mod tally;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_bundle::ClassifierKind;
use narrows_data::{RecordBatch, write::Layout};
use narrows_evaluate::Picture;
use narrows_runtime::Classifier;
use ndarray::ArrayView2;
use serde_json::Value;

use self::{
    errors::{Comparison, Errors, prediction_columns},
    tally::Tally,
};
use crate::{
    input::{Batch, InputStream, SampleArguments},
    model::with_bundle_help,
    notes::print_json,
    output::{Format, FormatArguments, Output, check_finite, with_classes},
    report::{note, print},
    rows_bar::RowsBar,
};

/// Predict classes or numbers with a bundle of `transfer`, and compare them with labels
///
/// Reads samples, runs a classifier or regressor on them and writes its predictions. If the samples have labels, prints
/// the accuracy of a classifier, or the root mean squared error and R squared of a regressor.
#[derive(Debug, Args)]
#[command(
    mut_args(|arg| with_bundle_help(arg, "Bundle of a classifier or regressor: a folder written by `transfer`, or a file written by `pack`")),
    after_help = "Examples:\n  \
        narrows classify models/vae-classifier --data digits --part test\n  \
        narrows classify models/vae-classifier --data new.csv --out predictions.csv"
)]
pub(crate) struct Classify {
    #[command(flatten)]
    samples: SampleArguments,
    /// Output file (.npy, .csv or .parquet), one row per sample: the probability of each class, or the predictions of a
    /// regressor; .csv and .parquet also get the most probable class and the pass-through columns [default: none;
    /// required if the samples have no labels]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
    /// Print one JSON object: `rows`, and `accuracy`, `correct` and `classes` of a classifier, or `predictions` (mean,
    /// min, p05, p50, p95, max and nan, the number of NaN), `root_mean_squared_error` and `r_squared` of a regressor,
    /// with several `targets` their means and those of each; figures that need labels are null without labels
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Classify) -> anyhow::Result<()> {
    let Classify { samples, out, format: _, json } = arguments;
    let format = out.as_ref().map(|out| samples.check_out(out, arguments.format, &Format::ROWS)).transpose()?;
    let model = samples.model.open_classifier()?;
    let mut rows = InputStream::samples(&samples.data, samples.part, model.manifest())?;
    if out.is_none() && !rows.has_labels() {
        bail!(
            "`{}` has no labels to compare predictions with; name them with --labels or --label-column, or pass --out to write the predictions to a file",
            rows.spec()
        );
    }
    let comparison = if out.is_some() { Comparison::Optional } else { Comparison::Required };
    let mut figures = Figures::of(&model, &rows, comparison);
    let output = out.as_ref().zip(format);
    let output = output.map(|(out, format)| Output::begin(out, format, layout(&model), Picture::default()));
    let mut output = output.transpose()?;
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let predictions = match model.kind() {
            ClassifierKind::Classifier => model.probabilities(batch.samples()),
            ClassifierKind::Regressor => model.predict(batch.samples()),
        };
        let predictions = predictions.map_err(|error| rows.locate_error(error, &batch))?;
        let values = predictions.view().into_dyn();
        match &mut output {
            Some(output) => {
                output.write(&values, extra_columns(&model, &predictions.view(), &batch, format)?.as_ref())?
            }
            None => check_finite(&values, rows.returned() - batch.rows())?,
        }
        figures.add(&predictions.view(), &batch)?;
        bar.show(rows.read());
    }
    drop(bar);
    if let Some(output) = output {
        let suffix = match model.kind() {
            ClassifierKind::Classifier => " of probabilities",
            ClassifierKind::Regressor => " of predictions",
        };
        note(output.finish("row", suffix)?);
    }
    match json {
        true => print_json(figures.json()),
        false => print(figures.text(&rows.counted_rows())),
    }
}

/// Returns the columns of the probabilities or predictions.
fn layout(model: &Classifier) -> Layout {
    match (model.kind(), model.manifest().targets) {
        (ClassifierKind::Classifier, _) => {
            Layout::named(model.classes().iter().map(|class| format!("p_{class}")).collect())
        }
        (ClassifierKind::Regressor, targets) => {
            Layout::named(prediction_columns(targets.unwrap_or(1), model.targets()))
        }
    }
}

/// Returns the columns to write in addition to the predictions: the pass-through columns and, in a table, the most
/// probable class.
fn extra_columns(
    model: &Classifier,
    predictions: &ArrayView2<'_, f32>,
    batch: &Batch,
    format: Option<Format>,
) -> anyhow::Result<Option<RecordBatch>> {
    match (model.kind(), format.is_some_and(Format::is_table)) {
        (ClassifierKind::Classifier, true) => {
            let names = Classifier::most_probable(predictions);
            let names = names.iter().map(|&class| model.classes().get(class).map_or("", String::as_str));
            Ok(Some(with_classes(batch.others.as_ref(), names)?))
        }
        (ClassifierKind::Regressor, _) | (ClassifierKind::Classifier, false) => Ok(batch.others.clone()),
    }
}

/// Figures over all rows.
enum Figures<'a> {
    Classification(Tally<'a>),
    Regression(Errors),
}

impl<'a> Figures<'a> {
    fn of(model: &'a Classifier, rows: &InputStream<'_>, comparison: Comparison) -> Self {
        let labels_of = rows.has_labels().then(|| rows.spec().to_owned());
        match model.kind() {
            ClassifierKind::Classifier => Figures::Classification(Tally::of(model.classes(), labels_of)),
            ClassifierKind::Regressor => {
                let columns = prediction_columns(model.manifest().targets.unwrap_or(1), model.targets());
                Figures::Regression(Errors::of(columns, labels_of, comparison))
            }
        }
    }

    fn add(&mut self, predictions: &ArrayView2<'_, f32>, batch: &Batch) -> anyhow::Result<()> {
        match self {
            Figures::Classification(tally) => tally.add(&Classifier::most_probable(predictions), batch.labels.as_ref()),
            Figures::Regression(errors) => errors.add(predictions, batch.labels.as_ref()),
        }
    }

    fn json(self) -> Value {
        match self {
            Figures::Classification(tally) => tally.json(),
            Figures::Regression(errors) => errors.json(),
        }
    }

    /// Formats the figures; `rows` is the number of rows with their parts.
    fn text(self, rows: &str) -> String {
        match self {
            Figures::Classification(tally) => tally.text(rows),
            Figures::Regression(errors) => errors.text(rows),
        }
    }
}
