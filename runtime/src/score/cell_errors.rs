//! The errors of the cells of a mixed table.

use ndarray::{Array2, Axis, Slice};

use super::{measure::Measure, rows_per_block};
use crate::{Autoencoder, Codes, Error, Samples, label::check_labels};

impl Autoencoder {
    /// Returns the error of every cell of the rows of a mixed table, `[batch, cells]`, in `f64`: the part of
    /// [`Scores::reconstruction`](crate::Scores::reconstruction) that comes from the cell. The errors of a row sum to
    /// it. The error of a missing cell is 0. [`Sample::cells`](crate::bundle::Sample::cells) has the names of the
    /// cells.
    ///
    /// In a variational model it is the negative log-likelihood in nats, which is negative for a number with a density
    /// above 1. In other models it is at least 0, and about 1 where the reconstruction is no better than a constant.
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table; otherwise those of
    /// [`Autoencoder::reconstruct`].
    pub fn cell_errors<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f64>, Error> {
        self.check_table()?;
        let samples = samples.into();
        let mut encoder_input = samples.clone();
        encoder_input.labels = samples.labels.filter(|_| self.encoder.takes_labels());
        let codes = self.encode(encoder_input)?;
        let rows = codes.nrows();
        check_labels(samples.labels, rows, &[&self.encoder, &self.decoder], self.manifest())?;
        let labels = samples.labels.filter(|_| self.decoder.takes_labels());
        let measure = Measure::of(self.manifest());
        let mut errors = Array2::zeros((rows, self.manifest().sample.features()));
        let block = rows_per_block(self.values_per_row());
        for start in (0..rows).step_by(block) {
            let range = start..rows.min(start.saturating_add(block));
            let targets = measure.targets(&samples, range.clone());
            let codes = codes.slice_axis(Axis(0), Slice::from(range.clone()));
            let codes = Codes { labels: labels.and_then(|labels| labels.get(range.clone())), ..codes.into() };
            let decoded = self.decode_with_probabilities(codes).map_err(|error| error.at_row(|row| start + row))?;
            let mut errors = errors.slice_axis_mut(Axis(0), Slice::from(range));
            let targets_and_errors = targets.outer_iter().zip(errors.outer_iter_mut());
            for ((target, mut errors), decoded) in targets_and_errors.zip(decoded.rows()) {
                measure.cell_errors(target, &decoded, |cell, error| errors[cell] = error);
            }
        }
        Ok(errors)
    }

    /// Returns the largest number of values of one row in a temporary array: features, codes or probabilities.
    pub(super) fn values_per_row(&self) -> usize {
        let levels = self.decoder.outputs().iter().map(crate::rows::width).max().unwrap_or(0);
        self.manifest().sample.features().max(self.latent_dim()).max(levels)
    }
}
