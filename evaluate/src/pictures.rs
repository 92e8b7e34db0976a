//! The pictures in a bundle: originals with their reconstructions, and generated samples.

use narrows_runtime::{
    Autoencoder, Samples,
    ndarray::{ArrayD, ArrayViewD, Axis, concatenate},
};

use crate::{LinePlots, Picture, PictureError, grid};

/// The maximum number of images per row.
const COLUMNS: usize = 16;
/// The number of rows of generated images.
const ROWS: usize = 8;
/// The number of line plots per row.
const PANEL_COLUMNS: usize = 4;
/// The number of generated series.
const SERIES: usize = 24;
/// The maximum number of classes of generated series.
const SERIES_CLASSES: usize = 12;

/// Draws the first 16 rows of `samples` (`[rows, ...sample shape]`) as a PNG: images above their reconstructions,
/// reconstructions of series over the original lines. A conditional model needs one label per row.
///
/// # Errors
/// [`PictureError::Shape`] if the samples are neither images nor series, and [`PictureError::Runtime`] if the model
/// fails.
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
    match Picture::of(&model.manifest().sample) {
        Picture::Images { .. } => stacked_grid(&[originals, reconstructed.view()], model, columns),
        Picture::Lines { names } => {
            let labels = labels.map(|labels| labels.iter().map(|&label| class_name(model, label)).collect::<Vec<_>>());
            let plots = LinePlots {
                series: &reconstructed.view(),
                originals: Some(&originals),
                labels: labels.as_deref(),
                names: names.as_deref(),
            };
            plots.draw(PANEL_COLUMNS)
        }
    }
}

/// Draws samples from the prior as a PNG: 128 images or 24 series. For a conditional model, each column contains 8
/// images of a class, or each row 4 series of a class.
///
/// # Errors
/// [`PictureError::Shape`] if the samples are neither images nor series, and [`PictureError::Runtime`] if the model
/// fails or has no prior.
pub fn samples(model: &Autoencoder, seed: u64) -> Result<Vec<u8>, PictureError> {
    if let Picture::Lines { names } = Picture::of(&model.manifest().sample) {
        return series(model, names.as_deref(), seed);
    }
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

fn series(model: &Autoencoder, names: Option<&[String]>, seed: u64) -> Result<Vec<u8>, PictureError> {
    if !model.takes_labels() {
        let series = model.generate(SERIES, seed)?;
        return LinePlots { series: &series.view(), originals: None, labels: None, names }.draw(PANEL_COLUMNS);
    }
    let classes = model.classes().len().min(SERIES_CLASSES);
    let series = (0..classes).map(|class| Ok(model.generate_class(class, PANEL_COLUMNS, seed)?));
    let series = series.collect::<Result<Vec<ArrayD<f32>>, PictureError>>()?;
    let views: Vec<ArrayViewD<'_, f32>> = series.iter().map(|series| series.view()).collect();
    let all = concatenate(Axis(0), &views).map_err(|_| PictureError::Shape { shape: model.sample_shape().to_vec() })?;
    let labels: Vec<String> =
        (0..classes * PANEL_COLUMNS).map(|index| class_name(model, (index / PANEL_COLUMNS) as i64)).collect();
    LinePlots { series: &all.view(), originals: None, labels: Some(&labels), names }.draw(PANEL_COLUMNS)
}

/// Returns the label of a panel of this class.
fn class_name(model: &Autoencoder, label: i64) -> String {
    let name = usize::try_from(label).ok().and_then(|label| model.classes().get(label));
    name.map_or_else(|| format!("class {label}"), |name| format!("class {name}"))
}

/// Draws the concatenation of `parts` as a grid.
fn stacked_grid(parts: &[ArrayViewD<'_, f32>], model: &Autoencoder, columns: usize) -> Result<Vec<u8>, PictureError> {
    let all = concatenate(Axis(0), parts).map_err(|_| PictureError::Shape { shape: model.sample_shape().to_vec() })?;
    grid(&all.view(), model.manifest().sample.range, columns)
}
