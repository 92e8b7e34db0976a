//! Limits of the size of a network, checked before anything is allocated.

use narrows_data::Dataset;

use crate::{
    architecture::Architecture,
    network::{Convolutions, TableRow},
};

/// Largest number of parameters of encoder and decoder together. An ONNX file is limited to 2 GiB, and training stores
/// four values per parameter.
pub(crate) const MOST_PARAMETERS: u128 = 1 << 28;

/// Largest number of values that the reconstructions of all latent samples of a step may have together: 512 MiB, and
/// training stores about twenty such arrays.
const MOST_SAMPLED_VALUES: u128 = 1 << 27;

/// Largest number of values in the maps of a step: 1 GiB, and training stores about four such arrays.
const MOST_MAP_VALUES: u128 = 1 << 28;

/// Returns a problem if a step with `samples` latent samples per row needs too much memory: the option to change, and
/// the reason.
pub(super) fn too_many_samples(samples: usize, rows: usize, data: &Dataset) -> Option<(&'static str, String)> {
    let features = match &data.table {
        None => data.train.values.features(),
        Some(schema) => TableRow::new(&schema.cells(), schema.missing).order.logits(),
    };
    let values = (samples as u128).saturating_mul(rows as u128).saturating_mul(features as u128);
    let step = format!(
        "a step of {rows} rows with {features} features would reconstruct more than {MOST_SAMPLED_VALUES} values"
    );
    match (values > MOST_SAMPLED_VALUES, samples) {
        (false, _) => None,
        (true, 1) => Some(("batch_size", format!("is too large: {step}; lower it"))),
        (true, _) => Some(("importance_samples", format!("is {samples}: {step}; lower it or --batch-size"))),
    }
}

/// Returns a problem if convolutions have too many parameters, or too many values in the maps of a step of `rows` rows:
/// the option to change, and the reason.
pub(super) fn too_large_maps(convolutions: &Convolutions, rows: usize) -> Option<(&'static str, String)> {
    let Convolutions { sample, filters, kernel, blocks, .. } = convolutions;
    let widths: Vec<u128> = [&sample.channels].into_iter().chain(filters).map(|&width| width as u128).collect();
    let taps = (kernel[0] as u128).saturating_mul(kernel[1] as u128);
    // A layer and its blocks of two convolutions, in the encoder and in the decoder.
    let inputs = |pair: &[u128]| pair[0].saturating_add(pair[1].saturating_mul(2 * *blocks as u128));
    let weights = widths.windows(2).map(|pair| inputs(pair).saturating_mul(pair[1]).saturating_mul(2 * taps));
    if weights.fold(0, u128::saturating_add) > MOST_PARAMETERS {
        let problem = format!(
            "is {filters:?}, which gives convolutions of more than {MOST_PARAMETERS} parameters; use fewer filters{}",
            if *blocks > 0 { " or fewer --blocks" } else { "" }
        );
        return Some(("filters", problem));
    }
    let sizes = convolutions.sizes().into_iter().zip(&widths);
    let maps = 2 + 4 * *blocks as u128;
    let values =
        sizes.map(|([height, width], channels)| (height as u128 * width as u128).saturating_mul(maps * channels));
    let values = values.fold(0, u128::saturating_add).saturating_mul(rows as u128);
    (values > MOST_MAP_VALUES).then(|| {
        let problem = format!(
            "gives a step of {rows} rows, whose maps have {values} values, and at most {MOST_MAP_VALUES} fit; lower it, use \
             fewer --filters or a larger --stride"
        );
        ("batch_size", problem)
    })
}

/// Returns a problem if the network has too many parameters: the option to change, and the reason.
pub(super) fn too_large(
    architecture: &Architecture,
    data: &Dataset,
    latent_dim: usize,
) -> Option<(&'static str, String)> {
    let parameters = |widths: Vec<u128>| {
        let layers = widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1]));
        layers.fold(0, u128::saturating_add)
    };
    let parameters_between = |first: u128, last: u128, hidden: &mut dyn Iterator<Item = &usize>| {
        parameters(std::iter::once(first).chain(hidden.map(|&width| width as u128)).chain([last]).collect())
    };
    let Architecture { convolutions, hidden, .. } = architecture;
    let features = convolutions.as_ref().map_or(data.train.values.features(), Convolutions::features);
    // A category enters as its code and leaves as one logit for each level.
    let (inputs, outputs, embeddings) = match &data.table {
        None => (features, features, 0),
        Some(schema) => {
            let row = TableRow::new(&schema.cells(), schema.missing);
            (row.width(), row.order.logits(), row.trained())
        }
    };
    let (inputs, outputs, latent) = (inputs as u128, outputs as u128, latent_dim as u128);
    let classes = data.classes.as_ref().map_or(0, Vec::len) as u128;
    // Upper bounds: both may have labels as inputs, and a variational encoder has two output layers.
    let encoder = parameters_between(inputs + classes, 2 * latent, &mut hidden.iter());
    let decoder = parameters_between(latent + classes, outputs, &mut hidden.iter().rev());
    if encoder.saturating_add(decoder).saturating_add(embeddings as u128) <= MOST_PARAMETERS {
        return None;
    }
    let widest = hidden.iter().copied().max().unwrap_or(0).max(latent_dim);
    if let Some(maps) = convolutions.as_ref().filter(|maps| maps.features() > widest) {
        let problem = format!(
            "is {:?}, which gives a last map of {} features and a network of more than {MOST_PARAMETERS} parameters; \
             use fewer filters, more layers or a larger --stride",
            maps.filters,
            maps.features()
        );
        return Some(("filters", problem));
    }
    let widest = hidden.iter().copied().max().unwrap_or(0);
    let key = if latent_dim > widest { "latent" } else { "hidden" };
    let problem = format!(
        "gives a network of more than {MOST_PARAMETERS} parameters (hidden layers {hidden:?}, {latent_dim} latent \
         dimensions); use narrower layers"
    );
    Some((key, problem))
}
