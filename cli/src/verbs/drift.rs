//! `narrows drift`: compares recent rows with those that calibrated a detector.

mod comparison;
mod report;

use anyhow::bail;
use clap::Args;
use narrows_bundle::{Bundle, Calibration};
use narrows_runtime::Detector;

use self::{comparison::Comparison, report::Report};
use crate::{
    input::{InputStream, SampleArguments},
    misuse::misuse,
    model::{needs_autoencoder, with_bundle_help},
    notes::print_json,
    report::print,
    rows_bar::RowsBar,
    stop::Stop,
};

/// Compare recent rows with those that calibrated a detector
///
/// Compares the scores and every column of recent rows with the calibration rows, whose quantiles the bundle stores:
/// the population stability index (PSI) over ten bins between the deciles, and the Kolmogorov-Smirnov statistic with
/// its p-value. A category of a mixed table has its levels as bins, with unseen and missing ones, the total variation
/// distance and the p-value of the chi-squared test. If the scores have drifted, the false-alarm rate no longer holds,
/// and the detector should be fitted again. As a rule of thumb, a PSI below 0.1 is stable, up to 0.25 a moderate shift,
/// and above it a large one; of few rows, the PSI is large by chance, so a shift counts only if its p-value is below
/// 0.01. Also says whether more rows are flagged than are expected of normal rows. Samples with more than 1024 values
/// are compared by their scores alone.
/// Reads the rows as a stream and holds up to 4 KB per column.
#[derive(Debug, Args)]
#[command(
    mut_args(|arg| with_bundle_help(arg, "Bundle with a detector: a folder written by `detect fit`, or a file written by `pack`")),
    after_help = "Examples:\n  \
    narrows drift models/detector --data last-week.csv\n  \
    narrows drift models/detector --data last-week.csv --fail-above 0.25 --json")]
pub(crate) struct Drift {
    #[command(flatten)]
    samples: SampleArguments,
    /// Exit with 1 if the PSI of the scores or of a column is above this, with a p-value below 0.01 [default: none]
    #[arg(long, value_name = "PSI", allow_negative_numbers = true)]
    fail_above: Option<f64>,
    /// Print one JSON object: `rows`, `flagged` (the number of anomalies), `level` (the fraction of normal rows that
    /// may be flagged), `calibration_rows`, `scores` and `columns`, each with `psi`, `kolmogorov_smirnov` (of a
    /// category `total_variation`), `p_value` and `shift` (stable, moderate or large), the columns with `name` and the
    /// most shifted first; figures of a column without values are null
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Drift) -> anyhow::Result<()> {
    if let Some(limit) = arguments.fail_above.filter(|limit| limit.is_nan() || *limit < 0.0) {
        misuse!("--fail-above is {limit}, expected a PSI of at least 0");
    }
    let stop = Stop::listen()?;
    let detector = arguments.samples.model.open_detector()?;
    let calibration = calibration(arguments, &detector)?;
    let samples = &arguments.samples;
    let mut rows = InputStream::of_detector(&samples.data, samples.part, &detector)?;
    let mut comparison = Comparison::of(&detector, &calibration)?;
    stop.defer_first_signal();
    let bar = RowsBar::new(rows.total());
    while let Some(batch) = rows.next(usize::MAX)? {
        if let Some(signal) = stop.signal() {
            let message = format!("interrupted after {} rows; nothing was compared", rows.returned());
            return Err(crate::report::Stopped { signal, message }.into());
        }
        let detections = detector.detect(batch.samples()).map_err(|error| rows.locate_error(error, &batch))?;
        comparison.add(&detections, &batch.floats()?);
        bar.show(rows.read());
    }
    drop(bar);
    if rows.returned() == 0 {
        bail!("there are no rows to compare in `{}`", rows.spec());
    }
    let report = Report::of(&comparison, rows.counted_rows(), rows.returned(), &detector);
    match arguments.json {
        true => print_json(report.json())?,
        false => print(report.text())?,
    }
    match arguments.fail_above {
        Some(limit) => report.check(limit),
        None => Ok(()),
    }
}

/// Reads the stored quantiles.
fn calibration(arguments: &Drift, detector: &Detector) -> anyhow::Result<Calibration> {
    debug_assert!(detector.manifest().detector.is_some(), "`open_detector` refuses a bundle without a detector");
    Ok(Bundle::open(arguments.samples.model.bundle()).map_err(needs_autoencoder)?.calibration()?)
}
