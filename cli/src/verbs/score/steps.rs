//! Scores of the time steps of a recording.

use std::path::Path;

use anyhow::{Context, bail};
use narrows_bundle::{Scaling, counted};
use narrows_data::{Binarize, StepMeans, StepRows, WindowCounts, write::Layout};
use narrows_evaluate::Picture;
use narrows_runtime::Autoencoder;
use ndarray::{Array1, Array2, Array3, ArrayD};
use serde_json::{Value, json};

use crate::{
    input::{InputStream, for_each_step_batch},
    output::{Format, Output, check_finite},
    report::note,
    summary::Summary,
    table::table,
};

/// Name of the score.
const NAME: &str = "squared_error";
/// Name of the column with the number of windows that contain a step.
const WINDOWS: &str = "windows";

/// Scores a recording: one row per time step, with the mean over the windows that contain it of the squared error at
/// that step, summed over the channels, in scaled units.
pub(super) fn score(
    model: &Autoencoder,
    mut rows: InputStream<'_>,
    out: &Path,
    format: Format,
) -> anyhow::Result<StepScores> {
    let &[channels, window] = model.sample_shape() else { bail!("the model takes no windows of a recording") };
    let layout = match format {
        Format::Npy => Layout::single(NAME),
        Format::Csv | Format::Parquet | Format::Png | Format::Gif => {
            Layout::named(vec![NAME.to_owned(), WINDOWS.to_owned()])
        }
    };
    let mut output = Output::begin(out, format, layout.with_missing(), Picture::default())?;
    let mut summary = Summary::default();
    let mut means = StepMeans::new(window, 1);
    let scale = &model.manifest().scaling;
    for_each_step_batch(
        &mut rows,
        &mut means,
        |rows, batch| {
            let outputs = model.reconstruct(batch.samples()).map_err(|error| rows.locate_error(error, batch))?;
            check_finite(&outputs.view(), rows.returned() - batch.rows())?;
            let outputs = outputs.into_shape_with_order((batch.rows(), channels, window))?;
            let samples = batch.floats()?.into_shape_with_order((batch.rows(), channels, window))?;
            Ok(step_errors(&samples, &outputs, scale))
        },
        |steps| {
            steps.means.iter().filter(|score| !score.is_nan()).for_each(|&score| summary.add(score.into()));
            output.write_with_missing(&as_rows(&steps, format).view(), steps.others.as_ref())
        },
    )?;
    note(output.finish("time step", "")?);
    let counts = rows.windows().context("the rows are not windows of a recording")?;
    Ok(StepScores { counts, summary })
}

/// Summary of the scores of a recording.
pub(super) struct StepScores {
    counts: WindowCounts,
    summary: Summary,
}

impl StepScores {
    pub(super) fn json(self, binarize: Binarize) -> anyhow::Result<Value> {
        let mut report = serde_json::to_value(self.counts)?;
        report["binarize"] = json!(binarize);
        report["scores"] = json!({ NAME: self.summary.json() });
        Ok(report)
    }

    pub(super) fn text(self) -> String {
        let WindowCounts { steps, uncovered, .. } = self.counts;
        let cells = self.summary.figures().into_iter().map(|value| format!("{value:.4}"));
        let row = [NAME.to_owned()].into_iter().chain(cells).collect();
        let summary = table(&[&["score"][..], &Summary::FIGURES].concat(), [row]);
        format!("{summary}\n\nover {} of {}", steps - uncovered, counted(steps, "time step"))
    }
}

/// Returns the squared error at each step of each window, summed over the channels: `[windows, window, 1]`. Samples and
/// outputs are `[windows, channels, window]`.
fn step_errors(samples: &Array3<f32>, outputs: &Array3<f32>, scaling: &Scaling) -> Array3<f64> {
    let (windows, _, window) = samples.dim();
    let mut errors = Array3::zeros((windows, window, 1));
    for ((index, sample), output) in samples.indexed_iter().zip(outputs) {
        let (row, channel, step) = index;
        let scale = scaling.scale.get(channel * window + step).or(scaling.scale.first()).copied().unwrap_or(1.0);
        errors[[row, step, 0]] += ((f64::from(*sample) - f64::from(*output)) / f64::from(scale)).powi(2);
    }
    errors
}

/// Returns the scores as `[steps]` for an .npy file, otherwise with the number of windows as `[steps, 2]`.
fn as_rows(steps: &StepRows, format: Format) -> ArrayD<f32> {
    match format {
        Format::Npy => Array1::from_iter(steps.means.iter().copied()).into_dyn(),
        Format::Csv | Format::Parquet | Format::Png | Format::Gif => {
            let cell = |(step, column): (usize, usize)| match column {
                0 => steps.means[[step, 0]],
                _ => steps.windows[step] as f32,
            };
            Array2::from_shape_fn((steps.windows.len(), 2), cell).into_dyn()
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_error_of_a_step_is_summed_over_the_channels_in_scaled_units() {
        let samples = array![[[1.0, 2.0], [10.0, 20.0]]];
        let outputs = array![[[1.0, 4.0], [16.0, 20.0]]];
        let per_channel = Scaling { offset: vec![0.0; 4], scale: vec![2.0, 2.0, 3.0, 3.0] };
        assert_eq!(step_errors(&samples, &outputs, &per_channel), array![[[4.0], [1.0]]]);
        let global = Scaling { offset: vec![5.0], scale: vec![2.0] };
        assert_eq!(step_errors(&samples, &outputs, &global), array![[[9.0], [1.0]]]);
    }
}
