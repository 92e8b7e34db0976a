//! The probabilities of the levels of categories, and rows that are decoded together with them.

use narrows_bundle::Role;
use ndarray::{Array2, ArrayD};

use crate::{Autoencoder, Codes, Error, Samples, autoencoder::as_matrix, label::check_labels, rows::InputRows};

/// Everything that the decoder returns for a batch of codes.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The samples, `[batch, ...sample shape]`.
    pub(crate) samples: ArrayD<f32>,
    /// The probabilities of the levels of all categories, `[batch, levels]`; without columns if there are none.
    pub(crate) probabilities: Array2<f32>,
}

impl Autoencoder {
    /// Decodes codes and returns the probabilities of the levels of all categories, `[batch, levels]`: those of the
    /// first category in the order of its vocabulary, then those of the next one.
    /// [`Layout::categories`](crate::bundle::table::Layout) has the number of levels of each. The probabilities of a
    /// category sum to 1; an unseen level has none.
    ///
    /// # Errors
    /// [`Error::NotATable`] if the model was not trained on a mixed table; otherwise those of [`Autoencoder::decode`].
    pub fn level_probabilities<'a>(&self, codes: impl Into<Codes<'a>>) -> Result<Array2<f32>, Error> {
        self.check_table()?;
        let codes = codes.into();
        let rows = InputRows::of(codes.values, self.decoder.input())?;
        check_labels(codes.labels, rows.count, &[&self.decoder], self.manifest())?;
        match self.decoder.output(Role::LevelProbabilities) {
            Some(port) => {
                let [probabilities] = self.decoder.run(&rows, codes.labels, [port])?;
                Ok(as_matrix(probabilities))
            }
            None => Ok(Array2::zeros((rows.count, 0))),
        }
    }

    /// Encodes and decodes samples, and returns the probabilities of the levels of all categories as
    /// [`Autoencoder::level_probabilities`] does.
    ///
    /// # Errors
    /// Those of [`Autoencoder::level_probabilities`] and [`Autoencoder::reconstruct`].
    pub fn reconstructed_probabilities<'a>(&self, samples: impl Into<Samples<'a>>) -> Result<Array2<f32>, Error> {
        self.check_table()?;
        let mut samples = samples.into();
        let labels = samples.labels;
        samples.labels = labels.filter(|_| self.encoder.takes_labels());
        let rows = samples.values.shape().first().copied().unwrap_or_default();
        let codes = self.encode(samples).map_err(|error| error.cancelled_after(0, rows))?;
        check_labels(labels, codes.nrows(), &[&self.encoder, &self.decoder], self.manifest())?;
        let labels = labels.filter(|_| self.decoder.takes_labels());
        self.level_probabilities(Codes { labels, ..Codes::from(&codes) })
    }

    /// Decodes codes in one run: samples, and the probabilities of the levels of categories where there are some.
    pub(crate) fn decode_with_probabilities(&self, codes: Codes<'_>) -> Result<Decoded, Error> {
        let rows = InputRows::of(codes.values, self.decoder.input())?;
        check_labels(codes.labels, rows.count, &[&self.decoder], self.manifest())?;
        let samples = self.decoder.required(Role::Reconstruction)?;
        match self.decoder.output(Role::LevelProbabilities) {
            Some(port) => {
                let [samples, probabilities] = self.decoder.run(&rows, codes.labels, [samples, port])?;
                Ok(Decoded { samples, probabilities: as_matrix(probabilities) })
            }
            None => {
                let [samples] = self.decoder.run(&rows, codes.labels, [samples])?;
                Ok(Decoded { samples, probabilities: Array2::zeros((rows.count, 0)) })
            }
        }
    }

    /// Checks that samples are the rows of a mixed table.
    pub(crate) fn check_table(&self) -> Result<(), Error> {
        match self.manifest().sample.table {
            Some(_) => Ok(()),
            None => Err(Error::NotATable { kind: self.kind().name() }),
        }
    }
}
