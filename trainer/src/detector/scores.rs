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

use super::{error::DetectorError, options::DetectorOptions, parts::Parts, rows::Rows, score::Score};
use combined::Combined;
use density::Density;
use neighbours::Neighbours;
use reconstruction::Reconstruction;
use sampled::{Estimate, Sampled};
use whitened::Whitened;

/// Fits the score of the options to rows.
pub(super) fn fit_score<'a>(parts: Parts<'a>, rows: &Rows) -> Result<Box<dyn Score + 'a>, DetectorError> {
    let Parts { options, manifest, unit, prior, decoder, decode, should_stop } = parts;
    if unit.cells.is_some() {
        check_score_of_table(options.score)?;
    }
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

/// Checks that there are enough rows to fit the score to, as far as their number decides it, before anything is
/// computed.
///
/// # Errors
/// [`DetectorError::TooFewRows`].
pub fn check_fitted_rows(options: &DetectorOptions, rows: usize) -> Result<(), DetectorError> {
    if rows == 0 {
        return Err(DetectorError::TooFewRows {
            purpose: "fitting the score".to_owned(),
            what: "row next to the calibration rows",
            needed: 1,
            found: 0,
            advice: "add rows, or pass other normal rows with --calibration FILE".to_owned(),
        });
    }
    match options.score {
        AnomalyScore::Combined => soft_distance::check_rows(rows),
        AnomalyScore::Neighbours => neighbours::check_rows(options, rows),
        AnomalyScore::Reconstruction
        | AnomalyScore::Whitened
        | AnomalyScore::Density
        | AnomalyScore::Elbo
        | AnomalyScore::Likelihood => Ok(()),
    }
}

/// Refuses scores that mixed tables do not have.
///
/// # Errors
/// [`DetectorError::Option`] with the scores that they have.
pub fn check_score_of_table(score: AnomalyScore) -> Result<(), DetectorError> {
    let reason = match score {
        AnomalyScore::Reconstruction | AnomalyScore::Density | AnomalyScore::Neighbours => return Ok(()),
        AnomalyScore::Whitened | AnomalyScore::Combined => "needs the covariance of the errors of numbers",
        AnomalyScore::Elbo | AnomalyScore::Likelihood => "decodes every row many times in the graph",
    };
    let problem = format!(
        "{} {reason}, and does not support tables with columns of several types; pass --score reconstruction, density or \
         neighbours",
        score.name()
    );
    Err(DetectorError::Option { option: "--score", problem })
}
