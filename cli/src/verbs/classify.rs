//! `narrows classify`: samples to classes, or to the numbers that a regressor predicts.

mod errors;
mod tally;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_bundle::ClassifierKind;
use narrows_data::{RecordBatch, write::Layout};
use narrows_runtime::Classifier;
use ndarray::ArrayView2;
use serde_json::Value;

use self::{
    errors::{Comparison, Errors, predictions},
    tally::Tally,
};
use crate::{
    input::{Batch, InputStream, SampleArguments},
    output::{Format, Output, check_finite, with_classes},
    report::{note, print},
    rows_bar::RowsBar,
};

#[derive(Debug, Args)]
pub(crate) struct Classify {
    #[command(flatten)]
    samples: SampleArguments,
    /// .npy, .csv or .parquet to write the probability of each class to, or what a regressor predicts, one row a
    /// sample; in the last two beside the most probable class and the columns that are no part of the sample
    /// [default: none, where labels say what is right]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Print one JSON object: `rows`, and `accuracy`, `right` and `classes` of a classifier, or `predictions`,
    /// `root_mean_squared_error` and `r_squared` of a regressor; null where labels do not tell
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Classify) -> anyhow::Result<()> {
    let Classify { samples, out, json } = arguments;
    let format = out.as_ref().map(|out| samples.check_out(out, &Format::ROWS)).transpose()?;
    let model = samples.model.open_classifier()?;
    let mut rows = InputStream::samples(&samples.data, samples.part, model.manifest())?;
    if out.is_none() && !rows.has_labels() {
        bail!(
            "`{}` has no labels to tell right from wrong by (name them by --labels or --label-column, or a file for what is told by --out)",
            rows.name()
        );
    }
    let comparison = if out.is_some() { Comparison::Offered } else { Comparison::Demanded };
    let mut figures = Figures::of(&model, &rows, comparison)?;
    let output = out.as_ref().zip(format);
    let output = output.map(|(out, format)| Output::begin(out, format, layout(&model), (0.0, 1.0)));
    let mut output = output.transpose()?;
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let told = match model.kind() {
            ClassifierKind::Classifier => model.probabilities(batch.samples()),
            ClassifierKind::Regressor => model.predict(batch.samples()),
        };
        let told = told.map_err(|error| rows.told(error, &batch))?;
        let numbers = told.view().into_dyn();
        match &mut output {
            Some(output) => output.write(&numbers, beside(&model, &told.view(), &batch, format)?.as_ref())?,
            None => check_finite(&numbers, rows.given() - batch.rows())?,
        }
        figures.add(&told.view(), &batch)?;
        bar.show(rows.done());
    }
    drop(bar);
    if let Some(output) = output {
        note(output.finish(match model.kind() {
            ClassifierKind::Classifier => "rows of probabilities",
            ClassifierKind::Regressor => "rows of predictions",
        })?);
    }
    match json {
        true => print(format!("{:#}", figures.json())),
        false => print(figures.text()),
    }
}

/// Columns of the probabilities or predictions.
fn layout(model: &Classifier) -> Layout {
    match (model.kind(), model.manifest().targets) {
        (ClassifierKind::Classifier, _) => {
            Layout::named(model.classes().iter().map(|class| format!("p_{class}")).collect())
        }
        (ClassifierKind::Regressor, targets) => Layout::named(predictions(targets.unwrap_or(1))),
    }
}

/// The columns that stand beside the numbers, where the format has room for them.
fn beside(
    model: &Classifier,
    told: &ArrayView2<'_, f32>,
    batch: &Batch,
    format: Option<Format>,
) -> anyhow::Result<Option<RecordBatch>> {
    match (model.kind(), format.is_some_and(Format::is_table)) {
        (ClassifierKind::Classifier, true) => {
            let names = Classifier::most_probable(told);
            let names = names.iter().map(|&class| model.classes().get(class).map_or("", String::as_str));
            Ok(Some(with_classes(batch.others.as_ref(), names)?))
        }
        (ClassifierKind::Regressor, _) | (ClassifierKind::Classifier, false) => Ok(batch.others.clone()),
    }
}

/// What there is to tell of all rows.
enum Figures<'a> {
    Classes(Tally<'a>),
    Numbers(Errors),
}

impl<'a> Figures<'a> {
    fn of(model: &'a Classifier, rows: &InputStream<'_>, comparison: Comparison) -> anyhow::Result<Self> {
        let labels_of = rows.has_labels().then(|| rows.name().to_owned());
        Ok(match model.kind() {
            ClassifierKind::Classifier => Figures::Classes(Tally::of(model.classes(), labels_of)),
            ClassifierKind::Regressor => {
                Figures::Numbers(Errors::of(model.manifest().targets.unwrap_or(1), labels_of, comparison)?)
            }
        })
    }

    fn add(&mut self, told: &ArrayView2<'_, f32>, batch: &Batch) -> anyhow::Result<()> {
        match self {
            Figures::Classes(tally) => tally.add(&Classifier::most_probable(told), batch.labels.as_ref()),
            Figures::Numbers(errors) => errors.add(told, batch.labels.as_ref()),
        }
    }

    fn json(self) -> Value {
        match self {
            Figures::Classes(tally) => tally.json(),
            Figures::Numbers(errors) => errors.json(),
        }
    }

    fn text(self) -> String {
        match self {
            Figures::Classes(tally) => tally.text(),
            Figures::Numbers(errors) => errors.text(),
        }
    }
}
