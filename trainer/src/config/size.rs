//! Limits of the size of a network, checked before anything is allocated.

use narrows_data::Dataset;

/// Largest number of parameters of encoder and decoder together. An ONNX file is limited to 2 GiB, and training stores
/// four values per parameter.
pub(crate) const MOST_PARAMETERS: u128 = 1 << 28;

/// Largest number of values that the reconstructions of all latent samples of a step may have together: 512 MiB, and
/// training stores about twenty such arrays.
const MOST_SAMPLED_VALUES: u128 = 1 << 27;

/// Returns a problem if a step with `samples` latent samples per row needs too much memory.
pub(super) fn too_many_samples(samples: usize, rows: usize, data: &Dataset) -> Option<String> {
    let features = data.train.values.features();
    let values = (samples as u128).saturating_mul(rows as u128).saturating_mul(features as u128);
    (values > MOST_SAMPLED_VALUES).then(|| {
        format!(
            "is {samples}: a step of {rows} rows with {features} features would reconstruct more than \
             {MOST_SAMPLED_VALUES} values; lower it or --batch-size"
        )
    })
}

/// Returns a problem if the network has too many parameters: the option to change, and the reason.
pub(super) fn too_large(hidden: &[usize], data: &Dataset, latent_dim: usize) -> Option<(&'static str, String)> {
    let parameters = |widths: Vec<u128>| {
        let layers = widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1]));
        layers.fold(0, u128::saturating_add)
    };
    let parameters_between = |first: u128, last: u128, hidden: &mut dyn Iterator<Item = &usize>| {
        parameters(std::iter::once(first).chain(hidden.map(|&width| width as u128)).chain([last]).collect())
    };
    let (features, latent) = (data.train.values.features() as u128, latent_dim as u128);
    let classes = data.classes.as_ref().map_or(0, Vec::len) as u128;
    // Upper bounds: both may have labels as inputs, and a variational encoder has two output layers.
    let encoder = parameters_between(features + classes, 2 * latent, &mut hidden.iter());
    let decoder = parameters_between(latent + classes, features, &mut hidden.iter().rev());
    if encoder.saturating_add(decoder) <= MOST_PARAMETERS {
        return None;
    }
    let widest = hidden.iter().copied().max().unwrap_or(0);
    let key = if latent_dim > widest { "latent" } else { "hidden" };
    let problem = format!(
        "gives a network of more than {MOST_PARAMETERS} parameters (hidden layers {hidden:?}, {latent_dim} latent \
         dimensions); use narrower layers"
    );
    Some((key, problem))
}
