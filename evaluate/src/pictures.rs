//! The pictures that go into a bundle: reconstructions beside their originals, and generated samples.

use narrows_runtime::{
    Autoencoder, Samples,
    ndarray::{ArrayD, ArrayViewD, Axis, concatenate},
};

use crate::{PictureError, grid};

/// Pictures side by side.
const COLUMNS: usize = 16;
/// Generated pictures one below the other.
const ROWS: usize = 8;

/// The first rows of `samples` (`[rows, ...sample shape]`) above their reconstructions, as a PNG. A
/// model that takes labels needs one a row.
///
/// # Errors
/// [`PictureError::Shape`] for samples that are no pictures; those of the runtime.
pub fn reconstructions(
    model: &Autoencoder,
    samples: &ArrayViewD<'_, f32>,
    labels: Option<&[i64]>,
) -> Result<Vec<u8>, PictureError> {
    let columns = samples.len_of(Axis(0)).min(COLUMNS);
    let (originals, _) = samples.view().split_at(Axis(0), columns);
    let mut input = Samples::from(originals.view());
    if let Some(labels) = labels {
        input = input.labelled(&labels[..columns.min(labels.len())]);
    }
    let restored = model.reconstruct(input)?;
    stacked(&[originals, restored.view()], model, columns)
}

/// Samples drawn from the prior, as a PNG; a conditional model fills one column a class.
///
/// # Errors
/// [`PictureError::Shape`] for samples that are no pictures; those of the runtime, also for a model
/// without a prior.
pub fn samples(model: &Autoencoder, seed: u64) -> Result<Vec<u8>, PictureError> {
    if !model.takes_labels() {
        return stacked(&[model.generate(COLUMNS * ROWS, seed)?.view()], model, COLUMNS);
    }
    let classes = model.classes().len().min(COLUMNS);
    let drawn: Vec<ArrayD<f32>> =
        (0..classes).map(|class| model.generate_class(class, ROWS, seed)).collect::<Result<_, _>>()?;
    let rows: Vec<ArrayViewD<'_, f32>> = (0..ROWS)
        .flat_map(|row| drawn.iter().map(move |class| class.slice_axis(Axis(0), (row..row + 1).into())))
        .collect();
    stacked(&rows, model, classes)
}

fn stacked(parts: &[ArrayViewD<'_, f32>], model: &Autoencoder, columns: usize) -> Result<Vec<u8>, PictureError> {
    let all = concatenate(Axis(0), parts).map_err(|_| PictureError::Shape { shape: model.sample_shape().to_vec() })?;
    grid(&all.view(), model.manifest().sample.range, columns)
}
