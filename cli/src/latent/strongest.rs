//! The latent dimensions that change samples most.

use narrows_evaluate::dimension_strengths;
use narrows_runtime::{Autoencoder, CodeSpread};

use super::decoded::Label;

/// Returns the two latent dimensions that change the decoded sample most, the stronger one first. Returns 0 and 1 for
/// two dimensions.
pub(crate) fn strongest_dimensions(
    model: &Autoencoder,
    spread: &CodeSpread,
    label: Label,
) -> anyhow::Result<[usize; 2]> {
    if model.latent_dim() <= 2 {
        return Ok([0, 1]);
    }
    match dimension_strengths(model, spread, label)?[..] {
        [(first, _), (second, _), ..] => Ok([first, second]),
        _ => Ok([0, 1]),
    }
}
