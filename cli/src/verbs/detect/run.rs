//! `narrows detect run`: scores and labels rows with the detector of a bundle.

mod columns;
mod placed;
mod steps;
mod tally;
mod worst;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use narrows_data::write::Layout;
use narrows_evaluate::Picture;
use narrows_runtime::{Detections, Detector, Explained};
use ndarray::{ArrayD, Axis};

use self::{
    columns::{Columns, Written},
    placed::Place,
    tally::Tally,
    worst::Worst,
};
use crate::{
    detect::AnomalyClass,
    input::{Batch, InputStream, SampleArguments},
    misuse::{UsageError, misuse},
    model::with_bundle_help,
    notes::print_json,
    output::{Format, FormatArguments, Output, select_rows},
    report::{note, print},
    rows_bar::RowsBar,
};

/// Find anomalies in data with the detector of a bundle
///
/// Writes the score, the p-value and the label (1 for an anomaly) of every row, and with --reasons the values that made
/// the score large. Prints the number of anomalies against the number that is expected among normal rows, and the rows
/// with the highest scores. If labels say which rows are anomalies, prints how many were found, the AUROC, the average
/// precision and the precision at the number of anomalies; for these it holds 9 bytes per row in memory. Of a
/// recording, a row is a window, and its pass-through columns are those of its last time step.
#[derive(Debug, Args)]
#[command(
    mut_args(|arg| with_bundle_help(arg, "Bundle with a detector: a folder written by `detect fit`, or a file written by `pack`")),
    after_help = "Examples:\n  \
    narrows detect run models/detector --data new.csv --reasons 3 --out detections.csv\n  \
    narrows detect run models/detector --data new.csv --level 0.001 --anomalies-only --out anomalies.csv\n  \
    narrows detect run models/images --data new.npy --shares shares.npy")]
pub(super) struct DetectRun {
    #[command(flatten)]
    samples: SampleArguments,
    /// False-alarm rate in (0, 1): a row is an anomaly if its p-value is at most this [default: that of `detect fit`]
    #[arg(long, value_name = "FRACTION", allow_negative_numbers = true)]
    level: Option<f64>,
    /// Number of values to write per row with their names, shares in the score, values and expected values, the largest
    /// share first (.csv and .parquet)
    #[arg(long, value_name = "NUMBER", default_value_t = 0, allow_negative_numbers = true)]
    reasons: usize,
    /// Write only the anomalies, with their row numbers
    #[arg(long)]
    anomalies_only: bool,
    /// Write one row per time step of a recording: the scores of the windows, each divided among its steps by their
    /// shares, as the mean over the windows that contain the step; a step is an anomaly if one of its windows is
    #[arg(long, conflicts_with_all = ["reasons", "anomalies_only", "shares"], requires = "out")]
    per_step: bool,
    /// File (.npy) for the share of every value in the score of its row, in the shape of a sample; the shares of a row
    /// sum to 1 [default: none]
    #[arg(long, value_name = "FILE")]
    shares: Option<PathBuf>,
    /// Label of anomalies, for the figures [default: 1, if all labels are 0 or 1 and the model takes no labels]
    #[arg(long, value_name = "NAME", allow_negative_numbers = true)]
    anomaly_class: Option<String>,
    /// Output file (.npy, .csv or .parquet): score, p_value and is_anomaly (1 or 0) of every row; .csv and .parquet
    /// also get the pass-through columns [default: none]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    format: FormatArguments,
    /// Print one JSON object: `rows`, `level`, `anomalies`, `expected`, `not_finite` (the number of scores that are NaN
    /// or infinite; these rows are anomalies), `highest` (rows with their reasons), and `labelled` with the figures, or
    /// null
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &DetectRun) -> anyhow::Result<()> {
    let detector = open(arguments)?;
    let samples = &arguments.samples;
    let out = arguments.out.as_deref();
    let format = out.map(|out| samples.check_out(out, arguments.format, &Format::ROWS)).transpose()?;
    if let Some(shares) = &arguments.shares {
        samples.check_other(shares, "--shares", Format::Npy)?;
        if out == Some(shares) {
            misuse!("--shares and --out are the same file `{}`; name two files", shares.display());
        }
    }
    let columns = Columns::of(&detector, arguments.reasons, arguments.written(), format)?;
    let mut rows = InputStream::of_detector(&samples.data, samples.part, &detector)?;
    let class = AnomalyClass::of(arguments.anomaly_class.as_deref());
    let mut tally = Tally::of(&detector, &rows, class)?;
    if let Some((out, format)) = out.zip(format).filter(|_| arguments.per_step) {
        let found = steps::write(&detector, &mut rows, out, format, tally)?;
        return if arguments.json { print_json(found.json()) } else { print(found.text()) };
    }
    let mut table = out
        .zip(format)
        .map(|(out, format)| Output::begin(out, format, columns.layout().with_missing(), Picture::default()))
        .transpose()?;
    let shape = detector.manifest().sample.shape.clone();
    let mut shares = arguments
        .shares
        .as_deref()
        .map(|path| {
            Output::begin(path, Format::Npy, Layout::numbered(&shape, "share").with_missing(), Picture::default())
        })
        .transpose()?;
    let needs_explanations = shares.is_some() || (arguments.reasons > 0 && table.is_some());
    let mut worst = Worst::default();
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        let located = |error| rows.locate_error(error, &batch);
        let results = match needs_explanations {
            true => Results::Explained(detector.explain(batch.samples()).map_err(located)?),
            false => Results::Plain(detector.detect(batch.samples()).map_err(located)?),
        };
        let detections = results.detections();
        let places = Place::of(&batch, rows.returned() - batch.rows(), &shape);
        tally.add(detections, batch.labels.as_ref());
        worst.add(&batch, detections, &places)?;
        let kept = kept(arguments.written(), detections);
        if let Some(table) = &mut table {
            write_table(table, &columns, &batch, &results, &places, &kept)?;
        }
        if let (Some(shares), Results::Explained(explained)) = (&mut shares, &results) {
            shares.write_with_missing(&explained.shares.select(Axis(0), &kept).view(), None)?;
        }
        bar.show(rows.read());
    }
    drop(bar);
    if rows.returned() == 0 {
        bail!("there are no rows to examine in `{}`", rows.spec());
    }
    // Before the files are written, so that a wrong label leaves none.
    let found = tally.finish(&rows.counted_rows())?;
    let worst = worst.explained(&detector)?;
    let noun = if arguments.anomalies_only { "anomalous row" } else { "row" };
    for (output, what) in [(shares, " of shares"), (table, "")] {
        if let Some(output) = output {
            note(output.finish(noun, what)?);
        }
    }
    match arguments.json {
        true => print_json(found.json(Some(worst.json(&detector)))),
        false => print(format!("{}\n\n{}", found.text(), worst.text(&detector))),
    }
}

fn open(arguments: &DetectRun) -> anyhow::Result<Detector> {
    let detector = arguments.samples.model.open_detector()?;
    Ok(match arguments.level {
        Some(level) => detector.at_level(level).map_err(|error| UsageError(format!("--level: {error}")))?,
        None => detector,
    })
}

impl DetectRun {
    fn written(&self) -> Written {
        if self.anomalies_only { Written::Anomalies } else { Written::All }
    }
}

/// The results of a batch.
#[expect(clippy::large_enum_variant, reason = "one exists per batch")]
enum Results {
    Plain(Detections),
    Explained(Explained),
}

impl Results {
    fn detections(&self) -> &Detections {
        match self {
            Results::Plain(detections) => detections,
            Results::Explained(explained) => &explained.detections,
        }
    }

    fn explained(&self) -> Option<&Explained> {
        match self {
            Results::Plain(_) => None,
            Results::Explained(explained) => Some(explained),
        }
    }
}

/// Returns the rows of a batch that are written.
fn kept(written: Written, detections: &Detections) -> Vec<usize> {
    let flags = detections.are_anomalies.iter().enumerate();
    flags.filter(|(_, is_anomaly)| written == Written::All || **is_anomaly).map(|(row, _)| row).collect()
}

fn write_table(
    table: &mut Output,
    columns: &Columns<'_>,
    batch: &Batch,
    results: &Results,
    places: &[Place],
    kept: &[usize],
) -> anyhow::Result<()> {
    let others = Place::columns_at(batch, places)?;
    let (numbers, extra) =
        columns.of_batch(batch, results.detections(), results.explained(), places, others.as_ref())?;
    let numbers: ArrayD<f32> = numbers.select(Axis(0), kept).into_dyn();
    let extra = extra.map(|extra| select_rows(&extra, kept)).transpose()?;
    table.write_with_missing(&numbers.view(), extra.as_ref())
}
