//! The images in a bundle: originals with their reconstructions, and generated samples.

use narrows_runtime::{
    Autoencoder, Samples,
    ndarray::{ArrayD, ArrayViewD, Axis, concatenate},
};

use crate::{PictureError, grid};

/// The maximum number of images per row.
const COLUMNS: usize = 16;
/// The number of rows of generated images.
const ROWS: usize = 8;

/// Draws the first 16 rows of `samples` (`[rows, ...sample shape]`) above their reconstructions, as a PNG. A
/// conditional model needs one label per row.
///
/// # Errors
/// [`PictureError::Shape`] if the samples are not images, and [`PictureError::Runtime`] if the model fails.
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
    let reconstructed = model.reconstruct(input)?;
    stacked_grid(&[originals, reconstructed.view()], model, columns)
}

/// Draws 128 samples from the prior as a PNG. For a conditional model, each column contains 8 samples of a class.
///
/// # Errors
/// [`PictureError::Shape`] if the samples are not images, and [`PictureError::Runtime`] if the model fails or has no
/// prior.
pub fn samples(model: &Autoencoder, seed: u64) -> Result<Vec<u8>, PictureError> {
    if !model.takes_labels() {
        return stacked_grid(&[model.generate(COLUMNS * ROWS, seed)?.view()], model, COLUMNS);
    }
    let classes = model.classes().len().min(COLUMNS);
    let samples: Vec<ArrayD<f32>> =
        (0..classes).map(|class| model.generate_class(class, ROWS, seed)).collect::<Result<_, _>>()?;
    let rows: Vec<ArrayViewD<'_, f32>> = (0..ROWS)
        .flat_map(|row| samples.iter().map(move |class| class.slice_axis(Axis(0), (row..row + 1).into())))
        .collect();
    stacked_grid(&rows, model, classes)
}

/// Draws the concatenation of `parts` as a grid.
fn stacked_grid(parts: &[ArrayViewD<'_, f32>], model: &Autoencoder, columns: usize) -> Result<Vec<u8>, PictureError> {
    let all = concatenate(Axis(0), parts).map_err(|_| PictureError::Shape { shape: model.sample_shape().to_vec() })?;
    grid(&all.view(), model.manifest().sample.range, columns)
}
