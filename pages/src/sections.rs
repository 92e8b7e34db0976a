//! The sections of a page, one file each.

mod columns;
mod detector;
mod divergence;
mod errors;
mod latent;
mod loss;
mod memorised;
mod proof;
mod reconstructions;
mod samples;
mod summary;
mod table;
mod traversals;

use self::latent::SCRIPT;
pub use self::{errors::error_quantiles, summary::summary};
use crate::{error::PageError, frame::Section, gathered::Gathered};

/// Returns the sections that apply to the model and the data, in order. The page needs [`SECTION_SCRIPTS`].
///
/// # Errors
/// [`PageError`] if a picture or a chart cannot be drawn.
pub fn sections(gathered: &Gathered) -> Result<Vec<Section>, PageError> {
    let mut all = vec![summary::section(gathered)];
    all.extend(loss::section(gathered));
    all.extend(reconstructions::section(gathered)?);
    all.extend(latent::section(gathered)?);
    all.extend(divergence::section(gathered)?);
    all.extend(samples::section(gathered)?);
    all.extend(traversals::section(gathered)?);
    all.extend(errors::section(gathered)?);
    all.extend(detector::section(gathered)?);
    all.extend(columns::sections(gathered)?);
    all.extend(memorised::section(gathered)?);
    all.push(proof::section(gathered));
    Ok(all)
}

/// The JavaScript that the sections need.
pub const SECTION_SCRIPTS: [&str; 1] = [SCRIPT];
