//! Detections of the time steps of a recording.

use std::path::Path;

use anyhow::{Context, bail};
use narrows_bundle::counted;
use narrows_data::{StepMeans, StepRows, write::Layout};
use narrows_evaluate::Picture;
use narrows_runtime::Detector;
use ndarray::{Array2, Array3, Axis};
use serde_json::{Value, json};

use super::tally::{Found, Tally};
use crate::{
    input::{InputStream, for_each_step_batch},
    output::{Format, Output},
    report::note,
};

/// Names of the columns.
const NAMES: [&str; 3] = ["score", "is_anomaly", "windows"];

/// Writes one row per time step: the mean over the windows that contain it of its part of their scores, whether one of
/// them is an anomaly, and their number.
pub(super) fn write(
    detector: &Detector,
    rows: &mut InputStream<'_>,
    out: &Path,
    format: Format,
    tally: Tally,
) -> anyhow::Result<StepsFound> {
    let &[channels, window] = &detector.manifest().sample.shape[..] else { bail!(NO_WINDOWS) };
    if rows.windows().is_none() {
        bail!(NO_WINDOWS);
    }
    let mut tally = tally;
    let layout = Layout::named(NAMES.map(str::to_owned).into());
    let mut output = Output::begin(out, format, layout.with_missing(), Picture::default())?;
    let mut means = StepMeans::new(window, 2);
    let (mut covered, mut anomalies) = (0, 0);
    for_each_step_batch(
        rows,
        &mut means,
        |rows, batch| {
            let explained = detector.explain(batch.samples()).map_err(|error| rows.locate_error(error, batch))?;
            tally.add(&explained.detections, batch.labels.as_ref());
            let shares = explained.shares.into_shape_with_order((batch.rows(), channels, window))?;
            let shares = shares.sum_axis(Axis(1));
            let detections = &explained.detections;
            let value = |(row, step, column): (usize, usize, usize)| match column {
                0 => f64::from(detections.scores[row]) * f64::from(shares[[row, step]]),
                _ => f64::from(u8::from(detections.are_anomalies[row])),
            };
            Ok(Array3::from_shape_fn((batch.rows(), window, 2), value))
        },
        |steps| {
            covered += steps.windows.iter().filter(|&&windows| windows > 0).count();
            let cells = cells(&steps);
            anomalies += cells.column(1).iter().filter(|&&flag| flag == 1.0).count();
            output.write_with_missing(&cells.into_dyn().view(), steps.others.as_ref())
        },
    )?;
    let steps = rows.windows().context(NO_WINDOWS)?.steps;
    // Before the file is written, so that a wrong label leaves none.
    let found = tally.finish(&rows.counted_rows())?;
    note(output.finish("time step", "")?);
    Ok(StepsFound { found, steps, covered, anomalies })
}

/// Why there are no steps.
const NO_WINDOWS: &str = "--per-step needs windows of a recording; leave it out";

/// Returns the columns of time steps; all but the number of windows are NaN for a step in no window.
fn cells(steps: &StepRows) -> Array2<f32> {
    Array2::from_shape_fn((steps.windows.len(), NAMES.len()), |(step, column)| match column {
        0 => steps.means[[step, 0]],
        1 if steps.windows[step] == 0 => f32::NAN,
        1 => f32::from(u8::from(steps.means[[step, 1]] > 0.0)),
        _ => steps.windows[step] as f32,
    })
}

/// What was found among the windows and the time steps.
pub(super) struct StepsFound {
    found: Found,
    steps: usize,
    covered: usize,
    anomalies: usize,
}

impl StepsFound {
    pub(super) fn text(&self) -> String {
        format!(
            "{}\n{} of {} in windows are in an anomalous one; the recording has {}",
            self.found.text(),
            self.anomalies,
            counted(self.covered, "time step"),
            counted(self.steps, "step")
        )
    }

    pub(super) fn json(&self) -> Value {
        let mut report = self.found.json(None);
        report["steps"] = json!({ "all": self.steps, "covered": self.covered, "anomalies": self.anomalies });
        report
    }
}
