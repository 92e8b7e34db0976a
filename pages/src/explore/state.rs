//! What the routes work on: the model, the rows and what is known about its latent space.

use narrows_evaluate::dimension_strengths;
use narrows_runtime::{Autoencoder, CodeMoments, Error, bundle::table::MissingCells};

use super::{plane::Plane, rows::CodedRows};
use crate::look::Cells;

/// Largest number of values in one answer. Lists of rows are limited so that no answer exceeds it.
const MAX_VALUES: usize = 1 << 20;
/// Largest number of rows in one request or answer.
const MAX_ROWS: usize = 256;

/// A model and the rows that are shown with it.
#[derive(Debug)]
pub(crate) struct Explorer {
    pub(crate) model: Autoencoder,
    pub(crate) rows: CodedRows,
    /// Name of the model, the last part of its path.
    pub(crate) name: String,
    /// Mean and standard deviation of each latent dimension: of the rows' codes, or of the prior where that is wider.
    pub(crate) spread: Vec<(f32, f32)>,
    /// The latent dimensions, the one first that changes samples most.
    pub(crate) order: Vec<usize>,
    /// What the columns of a mixed table are.
    pub(crate) cells: Cells,
    /// The plane that is shown first.
    pub(crate) plane: Plane,
}

impl Explorer {
    /// Measures the latent space of the rows, whose codes are finite.
    ///
    /// # Errors
    /// Those of [`Autoencoder::decode`].
    pub(crate) fn new(model: Autoencoder, rows: CodedRows, name: String) -> Result<Self, Error> {
        let mut moments = CodeMoments::new(model.latent_dim());
        moments.add(rows.codes.view());
        let mut spread = moments.spread();
        if let Ok(prior) = model.code_spread() {
            // The codes of an unused dimension of a VAE are all close to the mean of the prior.
            spread.deviation.zip_mut_with(&prior.deviation, |deviation, prior| *deviation = deviation.max(*prior));
        }
        // Rows that are all equal would give sliders without a range.
        spread
            .deviation
            .mapv_inplace(|deviation| if deviation > 0.0 && deviation.is_finite() { deviation } else { 1.0 });
        let label = rows.rows.classes.as_ref().and_then(|classes| classes.first().copied());
        let label = if model.takes_labels() { label.or(Some(0)) } else { None };
        let order = dimension_strengths(&model, &spread, label)?
            .into_iter()
            .map(|(dimension, _)| dimension)
            .collect::<Vec<_>>();
        let pairs = spread.mean.iter().zip(&spread.deviation);
        let spread: Vec<(f32, f32)> = pairs.map(|(&mean, &deviation)| (mean as f32, deviation as f32)).collect();
        let codes = rows.codes.view();
        let plane = match order[..] {
            [first] => Plane::of_dimensions([first, first], codes, &spread),
            [_, _] => Plane::of_dimensions([0, 1], codes, &spread),
            [first, second, ..] => {
                Plane::of_components(codes).unwrap_or_else(|| Plane::of_dimensions([first, second], codes, &spread))
            }
            [] => Plane::of_dimensions([0, 0], codes, &spread),
        };
        let cells = Cells::of(&model.manifest().sample);
        Ok(Explorer { cells, model, rows, name, spread, order, plane })
    }

    /// Returns whether a sample is a row of a mixed table.
    pub(crate) fn is_mixed(&self) -> bool {
        self.model.manifest().sample.table.is_some()
    }

    /// Returns whether values of a sample may be missing.
    pub(crate) fn takes_missing(&self) -> bool {
        let table = self.model.manifest().sample.table.as_ref();
        table.is_some_and(|schema| schema.missing == MissingCells::Masked)
    }

    /// Returns the number of values of a sample.
    pub(crate) fn features(&self) -> usize {
        self.model.manifest().sample.features()
    }

    /// Returns the largest number of samples in one request or answer.
    pub(crate) fn max_rows(&self) -> usize {
        let width = self.features().max(self.model.latent_dim()).max(1);
        (MAX_VALUES / width).clamp(2, MAX_ROWS)
    }

    /// Returns the largest size of a body, in bytes: two samples and some text, and at least 1 MiB.
    pub(crate) fn max_body(&self) -> usize {
        (64 * self.features() + (1 << 16)).max(1 << 20)
    }
}
