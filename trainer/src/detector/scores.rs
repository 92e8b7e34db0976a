//! The scores, one per file.

mod combined;
mod density;
mod neighbours;
mod reconstruction;
mod sampled;
mod sampled_nodes;
mod soft_distance;
mod whitened;

use narrows_bundle::AnomalyScore;

use super::{error::DetectorError, parts::Parts, rows::Rows, score::Score};
use combined::Combined;
use density::Density;
use neighbours::Neighbours;
use reconstruction::Reconstruction;
use sampled::{Estimate, Sampled};
use whitened::Whitened;

/// Fits the score of the options to rows.
pub(super) fn fit_score<'a>(parts: Parts<'a>, rows: &Rows) -> Result<Box<dyn Score + 'a>, DetectorError> {
    let Parts { options, manifest, prior, decoder, decode, should_stop } = parts;
    let sampled = |estimate| Sampled::of(estimate, manifest, prior, decoder, decode, options);
    Ok(match options.score {
        AnomalyScore::Reconstruction => Box::new(Reconstruction),
        AnomalyScore::Whitened => Box::new(Whitened::fit(parts, rows)?),
        AnomalyScore::Density => Box::new(Density::fit(rows, options, should_stop)?),
        AnomalyScore::Neighbours => Box::new(Neighbours::fit(rows, options)?),
        AnomalyScore::Elbo => Box::new(sampled(Estimate::Elbo)?),
        AnomalyScore::Likelihood => Box::new(sampled(Estimate::Likelihood)?),
        AnomalyScore::Combined => Box::new(Combined::fit(parts, rows)?),
    })
}
