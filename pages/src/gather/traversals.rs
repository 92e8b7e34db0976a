//! Walks through the latent dimensions that change samples most.

use narrows_evaluate::dimension_strengths;
use narrows_runtime::{Autoencoder, CodeMoments, CodeSpread, Codes, Error, traversal};
use ndarray::{Array2, ArrayView2};

use crate::gathered::Traversal;

/// Largest number of dimensions that are shown.
const DIMENSIONS: usize = 8;
/// Number of samples along a dimension.
const STEPS: usize = 9;
/// Distance of the first and the last sample from the mean, in standard deviations.
const RANGE: f64 = 3.0;
/// The class of the samples of a conditional model.
const CLASS: usize = 0;

/// Returns the walks, the strongest dimension first, and the name of the class of their samples for a conditional
/// model. The mean and the standard deviations are those of the distribution that samples are generated from, or of
/// `codes`, `[rows, latent]`. A dimension that changes nothing is left out.
///
/// # Errors
/// Those of [`Autoencoder::decode`].
pub(crate) fn traversals(
    model: &Autoencoder,
    codes: ArrayView2<'_, f32>,
) -> Result<(Vec<Traversal>, Option<String>), Error> {
    let label = model.takes_labels().then_some(CLASS as i64);
    let spread = spread(model, codes)?;
    let features = model.manifest().sample.features();
    let mut walks = Vec::new();
    for (dimension, strength) in dimension_strengths(model, &spread, label)?.into_iter().take(DIMENSIONS) {
        if strength.is_nan() || strength <= 0.0 {
            continue;
        }
        let start = spread.mean.mapv(|mean| mean as f32);
        let walk = traversal(start.view(), &spread, dimension, RANGE, STEPS)?;
        let decoded = match label {
            Some(label) => model.decode(Codes::from(&walk).labelled(&[label; STEPS]))?,
            None => model.decode(&walk)?,
        };
        let mut samples = Array2::zeros((STEPS, features));
        samples.iter_mut().zip(decoded.iter()).for_each(|(into, &value)| *into = value);
        walks.push(Traversal { dimension, steps: walk.column(dimension).to_vec(), samples });
    }
    let class = label.and_then(|_| model.classes().get(CLASS)).cloned();
    Ok((walks, class))
}

fn spread(model: &Autoencoder, codes: ArrayView2<'_, f32>) -> Result<CodeSpread, Error> {
    if model.is_generative() {
        return if model.takes_labels() { model.code_spread_of_class(CLASS) } else { model.code_spread() };
    }
    let mut moments = CodeMoments::new(model.latent_dim());
    moments.add(codes);
    Ok(moments.spread())
}
