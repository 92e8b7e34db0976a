//! How much each latent dimension changes the decoded sample.

use narrows_runtime::{Autoencoder, CodeSpread, Codes, Error};
use ndarray::{Array2, Axis};

use crate::table_space::TableSpace;

/// Returns every latent dimension with the squared difference, in squared units of the data, or of a mixed table in the
/// space of [`TableSpace`] with the probabilities of the levels, between the samples that
/// are decoded one standard deviation below and above the mean of that dimension. The dimension that changes the sample
/// most is first. `label` is the class of a conditional model.
///
/// # Errors
/// Those of [`Autoencoder::decode`].
pub fn dimension_strengths(
    model: &Autoencoder,
    spread: &CodeSpread,
    label: Option<i64>,
) -> Result<Vec<(usize, f64)>, Error> {
    let latent = model.latent_dim();
    let space = TableSpace::of(model.manifest());
    let mut changes: Vec<(usize, f64)> = Vec::with_capacity(latent);
    for dimension in 0..latent {
        let mut codes: Array2<f32> = Array2::zeros((2, latent));
        for (mut code, sign) in codes.outer_iter_mut().zip([-1.0, 1.0]) {
            code.assign(&spread.mean.mapv(|mean| mean as f32));
            code[dimension] += (sign * spread.deviation[dimension]) as f32;
        }
        let labels = label.map(|label| [label; 2]);
        let inputs = || match &labels {
            Some(labels) => Codes::from(&codes).labelled(labels),
            None => Codes::from(&codes),
        };
        let decoded = model.decode(inputs())?;
        let samples = match &space {
            Some(space) => {
                let probabilities = model.level_probabilities(inputs())?;
                let width = decoded.len() / 2;
                let rows = Array2::from_shape_fn((2, width), |(row, cell)| decoded[[row, cell]]);
                space.expected_points(rows.view(), probabilities.view()).into_dyn()
            }
            None => decoded,
        };
        let (below, above) = (samples.index_axis(Axis(0), 0), samples.index_axis(Axis(0), 1));
        let change = below.iter().zip(&above).map(|(below, above)| f64::from(below - above).powi(2)).sum();
        changes.push((dimension, change));
    }
    changes.sort_by(|one, other| other.1.total_cmp(&one.1));
    Ok(changes)
}
