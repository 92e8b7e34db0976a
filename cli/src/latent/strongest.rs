//! The latent dimensions that change samples most.

use narrows_runtime::{Autoencoder, CodeSpread, Codes};
use ndarray::{Array1, Array2, Axis};

use super::decoded::Label;

/// Returns the two latent dimensions that change the decoded sample most, the stronger one first: by the squared
/// difference between the samples one standard deviation below and above the mean. Returns 0 and 1 for two dimensions.
pub(crate) fn strongest_dimensions(
    model: &Autoencoder,
    spread: &CodeSpread,
    label: Label,
) -> anyhow::Result<[usize; 2]> {
    let latent = model.latent_dim();
    if latent <= 2 {
        return Ok([0, 1]);
    }
    let mut changes: Vec<(usize, f64)> = Vec::with_capacity(latent);
    for dimension in 0..latent {
        let mut codes: Array2<f32> = Array2::zeros((2, latent));
        for (mut code, sign) in codes.outer_iter_mut().zip([-1.0, 1.0]) {
            let mean: Array1<f32> = spread.mean.mapv(|mean| mean as f32);
            code.assign(&mean);
            code[dimension] += (sign * spread.deviation[dimension]) as f32;
        }
        let samples = match label {
            Some(label) => model.decode(Codes::from(&codes).labelled(&[label; 2]))?,
            None => model.decode(&codes)?,
        };
        let (below, above) = (samples.index_axis(Axis(0), 0), samples.index_axis(Axis(0), 1));
        let change = below.iter().zip(&above).map(|(below, above)| f64::from(below - above).powi(2)).sum();
        changes.push((dimension, change));
    }
    changes.sort_by(|one, other| other.1.total_cmp(&one.1));
    match changes[..] {
        [(first, _), (second, _), ..] => Ok([first, second]),
        _ => Ok([0, 1]),
    }
}
