//! How large a network would be, before anything is allocated.

use narrows_data::Dataset;

/// Parameters that both halves may have together. An ONNX file ends at 2 GiB, and training holds four
/// numbers a parameter.
pub(crate) const MOST_PARAMETERS: u128 = 1 << 28;

/// Numbers that all draws of a step may make together: half a GiB, and training holds some twenty such arrays.
const MOST_DRAWN: u128 = 1 << 27;

/// What is wrong with so many draws a sample, if anything.
pub(super) fn too_many_draws(draws: usize, rows: usize, data: &Dataset) -> Option<String> {
    let features = data.train.values.features();
    let drawn = (draws as u128).saturating_mul(rows as u128).saturating_mul(features as u128);
    (drawn > MOST_DRAWN).then(|| {
        format!("is {draws}: with {rows} rows of {features} numbers in a step, that is more than any memory is good for (lower it, or batch_size)")
    })
}

/// What is wrong with the size of a network, if anything: the option to blame, and why.
pub(super) fn too_large(hidden: &[usize], data: &Dataset, latent_dim: usize) -> Option<(&'static str, String)> {
    let parameters = |widths: Vec<u128>| {
        let layers = widths.windows(2).map(|pair| (pair[0] + 1).saturating_mul(pair[1]));
        layers.fold(0, u128::saturating_add)
    };
    let around = |first: u128, last: u128, hidden: &mut dyn Iterator<Item = &usize>| {
        parameters(std::iter::once(first).chain(hidden.map(|&width| width as u128)).chain([last]).collect())
    };
    let (features, latent) = (data.train.values.features() as u128, latent_dim as u128);
    let classes = data.classes.as_ref().map_or(0, Vec::len) as u128;
    // Bounds from above: labels may enter, and a variational encoder has two heads.
    let encoder = around(features + classes, 2 * latent, &mut hidden.iter());
    let decoder = around(latent + classes, features, &mut hidden.iter().rev());
    if encoder.saturating_add(decoder) <= MOST_PARAMETERS {
        return None;
    }
    let widest = hidden.iter().copied().max().unwrap_or(0);
    let key = if latent_dim > widest { "latent" } else { "hidden" };
    let why =
        format!("makes a network of more than {MOST_PARAMETERS} parameters: {latent_dim} latent, {hidden:?} hidden");
    Some((key, why))
}
