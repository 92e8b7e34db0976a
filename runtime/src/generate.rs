//! Samples that no one put in: codes drawn from the prior, decoded.

use narrows_bundle::Prior;
use ndarray::{Array2, ArrayD};

use crate::{
    Autoencoder, Codes, Error,
    random::{Stream, standard_normals},
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
            return Err(Error::ClassNeeded { kind: self.manifest().kind, classes: self.classes().to_vec() });
        }
        self.decode(&self.draw(count, seed)?)
    }

    /// Draws `count` samples of one class, `[count, ...sample shape]`; the codes of a seed are the same
    /// for every class.
    ///
    /// # Errors
    /// [`Error::ClassUnexpected`] if the decoder takes no class, [`Error::UnknownClass`] if there is
    /// no such class; otherwise those of [`Autoencoder::generate`].
    pub fn generate_class(&self, class: usize, count: usize, seed: u64) -> Result<ArrayD<f32>, Error> {
        if !self.decoder.takes_labels() {
            return Err(Error::ClassUnexpected { kind: self.manifest().kind });
        }
        let classes = self.classes();
        let label = i64::try_from(class)
            .ok()
            .filter(|_| class < classes.len())
            .ok_or_else(|| Error::UnknownClass { class: class.to_string(), classes: classes.to_vec() })?;
        let codes = self.draw(count, seed)?;
        self.decode(Codes::from(&codes).labelled(&vec![label; count]))
    }

    fn draw(&self, count: usize, seed: u64) -> Result<Array2<f32>, Error> {
        match self.manifest().prior {
            Some(Prior::StandardNormal) => standard_normals(seed, Stream::Prior, count, self.latent_dim()),
            None => Err(Error::NoPrior { kind: self.manifest().kind }),
        }
    }
}
