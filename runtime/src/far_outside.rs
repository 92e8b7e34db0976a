//! Rows in another unit than the training data.

use narrows_bundle::Sample;
use ndarray::{ArrayViewD, Axis};

use crate::{Autoencoder, Samples, samples::Values};

impl Autoencoder {
    /// Returns the indices of the rows with a value far outside the range of the training data, ascending; see
    /// [`Sample::is_far_outside`]. Such rows are often in another unit: bytes of 0 to 255 for a model of values from 0
    /// to 1. The graphs take them, and the results mean nothing.
    ///
    /// Takes samples of any shape `[batch, ...]`. Infinite values are far outside; NaN and the categories of a mixed
    /// table are not.
    pub fn rows_far_outside<'a>(&self, samples: impl Into<Samples<'a>>) -> Vec<usize> {
        let sample = &self.manifest().sample;
        match samples.into().values {
            Values::Floats(view) => rows_of(&view, sample, |value| value),
            Values::Bytes(view) => rows_of(&view, sample, f32::from),
        }
    }
}

fn rows_of<T: Copy>(view: &ArrayViewD<'_, T>, sample: &Sample, value: impl Fn(T) -> f32) -> Vec<usize> {
    if view.ndim() == 0 {
        return Vec::new();
    }
    // The position of a level has no range.
    let cells = sample.cells();
    let is_category = |feature: usize| {
        let cell = cells.as_ref().and_then(|cells| cells.get(feature));
        cell.is_some_and(|cell| cell.kind.levels().is_some())
    };
    let is_far = |(feature, &item): (usize, &T)| !is_category(feature) && sample.is_far_outside(value(item));
    let rows = view.axis_iter(Axis(0)).enumerate();
    rows.filter(|(_, row)| row.iter().enumerate().any(is_far)).map(|(row, _)| row).collect()
}
