//! The linear probe: a linear classifier on the codes, fitted on training rows and judged on the rows that judge.

use narrows_data::Dataset;
use narrows_runtime::Autoencoder;
use narrows_trainer::transfer::{LabelledSet, linear_probe};
use ndarray::{Array2, Axis};

use super::{Measurement, chunks::Chunks, judge::Rows, train::check_stop};

/// Whether a probe can be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Probe {
    Possible,
    /// The data has no labels.
    NoLabels,
    /// The encoder gets the class as an input, so its codes need not contain it.
    Conditional,
}

impl Probe {
    pub(super) fn of(model: &Autoencoder, data: &Dataset) -> Self {
        if model.takes_labels() {
            Probe::Conditional
        } else if data.parts().any(|(_, part)| part.labels.is_none()) {
            Probe::NoLabels
        } else {
            Probe::Possible
        }
    }
}

/// Returns the accuracy of a linear classifier; `None` if the labels suit none: a single class, or most rows with a
/// class of their own. The codes of all rows are in memory.
pub(super) fn probe_accuracy(
    model: &Autoencoder,
    measurement: &Measurement<'_>,
    (fitted, judged): (&Rows<'_>, &Rows<'_>),
    seed: u64,
) -> anyhow::Result<Option<f64>> {
    let set = |rows: &Rows<'_>| encoded(model, measurement, rows, seed);
    let (Some(fitted), Some(judged)) = (set(fitted)?, set(judged)?) else { return Ok(None) };
    if fitted.classes() < 2 || fitted.classes() * 2 > fitted.len() {
        return Ok(None);
    }
    let should_stop = || measurement.stop.signal().is_some();
    let accuracy = linear_probe(&fitted, &judged, seed, &should_stop);
    check_stop(measurement.stop)?;
    Ok(Some(accuracy?))
}

/// Returns the codes of the selected rows with their labels; `None` without labels.
fn encoded(
    model: &Autoencoder,
    measurement: &Measurement<'_>,
    rows: &Rows<'_>,
    seed: u64,
) -> anyhow::Result<Option<LabelledSet>> {
    let (Some(labels), Some(classes)) = (&rows.part.labels, &measurement.data.classes) else { return Ok(None) };
    let chunks = Chunks::of(model, measurement.data, rows, (measurement.binarize, seed))?;
    let mut codes = Array2::zeros((rows.rows.len(), model.latent_dim()));
    for range in chunks.ranges() {
        check_stop(measurement.stop)?;
        let chunk = chunks.read(range.clone())?;
        model.encode_into(chunk.samples(), &mut codes.slice_axis_mut(Axis(0), range.into()))?;
    }
    let labels = rows.rows.iter().map(|&row| labels[row]).collect();
    Ok(Some(LabelledSet::new(codes, labels, classes.len())?))
}
