//! Samples that no one put in: codes drawn from the prior, decoded.

use narrows_bundle::Prior;
use ndarray::{Array2, ArrayD};

use crate::{
    Autoencoder, Class, Codes, Error,
    label::number_of,
    random::{Stream, standard_normals},
    room::repeated,
};

impl Autoencoder {
    /// Draws `count` codes from the prior and decodes them, `[count, ...sample shape]`.
    ///
    /// The same seed gives the same samples, and the first of many are those of a smaller `count`.
    ///
    /// # Errors
    /// [`Error::NoPrior`] if the model is no generative one, [`Error::ClassNeeded`] if its decoder
    /// takes a class, [`Error::TooMany`] if the samples do not fit into memory; otherwise those of
    /// [`Autoencoder::decode`].
    pub fn generate(&self, count: usize, seed: u64) -> Result<ArrayD<f32>, Error> {
        if self.decoder.takes_labels() {
            return Err(Error::ClassNeeded { kind: self.kind(), classes: self.classes().to_vec() });
        }
        self.decode(&self.draw(count, seed)?)
    }

    /// Draws `count` samples of one class, named or numbered, `[count, ...sample shape]`; the codes of a
    /// seed are the same for every class.
    ///
    /// # Errors
    /// [`Error::ClassUnexpected`] if the decoder takes no class, [`Error::UnknownClass`] if there is
    /// no such class; otherwise those of [`Autoencoder::generate`].
    pub fn generate_class<'a>(
        &self,
        class: impl Into<Class<'a>>,
        count: usize,
        seed: u64,
    ) -> Result<ArrayD<f32>, Error> {
        if !self.decoder.takes_labels() {
            return Err(Error::ClassUnexpected { kind: self.kind() });
        }
        let label = number_of(class.into(), self.classes())? as i64;
        let codes = self.draw(count, seed)?;
        self.decode(Codes::from(&codes).labelled(&repeated(label, count)?))
    }

    fn draw(&self, count: usize, seed: u64) -> Result<Array2<f32>, Error> {
        match self.manifest().prior {
            Some(Prior::StandardNormal) => standard_normals(seed, Stream::Prior, count, self.latent_dim()),
            None => Err(Error::NoPrior { kind: self.kind() }),
        }
    }
}
