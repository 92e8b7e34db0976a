//! Generation: codes sampled from the prior and decoded.

use narrows_bundle::Prior;
use ndarray::{Array2, ArrayD};

use crate::{
    Autoencoder, Class, Codes, Error,
    allocation::repeated_label,
    label::label_of,
    random::{Stream, standard_normals},
};

impl Autoencoder {
    /// Generates `count` samples, `[count, ...sample shape]`: samples codes from the prior and decodes them.
    ///
    /// The same seed gives the same samples; a smaller `count` gives a prefix of them.
    ///
    /// # Errors
    /// [`Error::NoPrior`] if the model has no prior, [`Error::ClassNeeded`] if the decoder takes a class,
    /// [`Error::TooMany`] if the samples do not fit into memory; otherwise those of [`Autoencoder::decode`].
    pub fn generate(&self, count: usize, seed: u64) -> Result<ArrayD<f32>, Error> {
        if self.decoder.takes_labels() {
            return Err(Error::ClassNeeded { kind: self.kind(), classes: self.classes().to_vec() });
        }
        self.decode(&self.sample_prior(count, seed)?)
    }

    /// Generates `count` samples of one class, `[count, ...sample shape]`. The class is given by name or label. The
    /// same seed gives the same codes for every class.
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
        let label = label_of(class.into(), self.classes())? as i64;
        let codes = self.sample_prior(count, seed)?;
        self.decode(Codes::from(&codes).labelled(&repeated_label(label, count)?))
    }

    fn sample_prior(&self, count: usize, seed: u64) -> Result<Array2<f32>, Error> {
        match self.manifest().prior {
            Some(Prior::StandardNormal) => standard_normals(seed, Stream::Prior, count, self.latent_dim()),
            None => Err(Error::NoPrior { kind: self.kind() }),
        }
    }
}
