//! Samples that the model generates.

use narrows_evaluate::{Components, FeatureSpace, RowSpace, SampleQuality, generated};
use narrows_runtime::{Autoencoder, Error, bundle::counted};
use ndarray::Array2;

use super::options::GatherOptions;
use crate::gathered::{Compared, Generated, Row};

/// Largest number of classes whose samples are shown.
const MAX_CLASSES: usize = 20;
/// Largest number of principal components in which samples are compared.
const MAX_COMPONENTS: usize = 64;
/// Number of nearest neighbours of precision, recall and coverage.
const NEIGHBOURS: usize = 5;

/// Generates the samples that are shown: of a conditional model, the same number of each class.
///
/// # Errors
/// Those of [`Autoencoder::generate`].
pub(crate) fn shown_samples(model: &Autoencoder, options: &GatherOptions) -> Result<Option<Generated>, Error> {
    if !model.is_generative() || options.samples == 0 {
        return Ok(None);
    }
    let labels = model.takes_labels().then(|| {
        let classes = model.classes().len().min(MAX_CLASSES);
        let each = (options.samples / classes.max(1)).max(1);
        (0..classes).flat_map(|class| std::iter::repeat_n(class, each)).collect::<Vec<usize>>()
    });
    let as_label = |class: &usize| *class as i64;
    let all: Vec<i64> = match &labels {
        Some(labels) => labels.iter().map(as_label).collect(),
        None => vec![0; options.samples],
    };
    let values = generated(model, &all, options.seed)?;
    let codes_from = if model.manifest().sampler.is_some() { "sampler" } else { "prior" };
    Ok(Some(Generated { values, labels, codes_from, nearest: None, quality: None }))
}

/// Generates as many samples as there are points, of the same classes, and compares them with the points in principal
/// components of `fitted`, rows as they are in the data, which `described` describes. `None` with fewer than two
/// points.
///
/// # Errors
/// Those of [`Autoencoder::generate`].
pub(crate) fn compared_samples(
    model: &Autoencoder,
    points: &[Row],
    (fitted, described): (&Array2<f32>, &str),
    seed: u64,
) -> Result<Option<Compared>, Error> {
    if !model.is_generative() || points.len() < 2 {
        return Ok(None);
    }
    let features = model.manifest().sample.features();
    let labels: Vec<i64> = points.iter().map(|row| row.condition.unwrap_or(0)).collect();
    let samples = generated(model, &labels, seed)?;
    let real = Array2::from_shape_fn((points.len(), features), |(row, column)| points[row].original[column]);
    let row_space = RowSpace::of(model.manifest());
    let components = Components::fit(row_space.points(fitted.view()).view(), MAX_COMPONENTS);
    if components.is_empty() {
        return Ok(None);
    }
    let space = format!("{} of {described}", counted(components.len(), "principal component"));
    let space_of_features = FeatureSpace::Components(row_space, components);
    let quality = SampleQuality::of(&space_of_features, real.view(), samples.view(), NEIGHBOURS)?;
    Ok(Some(Compared { quality, space, real, samples }))
}
