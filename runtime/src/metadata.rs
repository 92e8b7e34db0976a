//! Metadata of a loaded autoencoder.

use narrows_bundle::{Kind, Manifest, SampleKind};

use crate::{Autoencoder, Class, CodeDistribution, Error, Placement, label::label_of};

impl Autoencoder {
    /// Returns the manifest of the bundle.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the kind of the model.
    pub fn kind(&self) -> Kind {
        self.manifest.kind
    }

    /// Returns the number of latent dimensions.
    pub fn latent_dim(&self) -> usize {
        self.manifest.latent_dim
    }

    /// Returns the shape of one sample, without the batch dimension.
    pub fn sample_shape(&self) -> &[usize] {
        &self.manifest.sample.shape
    }

    /// Returns whether a sample is a series, `[length]` or `[channels, length]`.
    pub fn sample_kind(&self) -> SampleKind {
        self.manifest.sample.kind
    }

    /// Returns the smallest and largest value of a sample, in the unit of the data: the range of the unit for images,
    /// the range of the training data for tables.
    pub fn sample_range(&self) -> (f32, f32) {
        self.manifest.sample.range
    }

    /// Returns the class names of the training data in the order of the labels; empty for data without labels.
    pub fn classes(&self) -> &[String] {
        self.manifest.classes.as_deref().unwrap_or_default()
    }

    /// Returns the label of a class, given by its name, or by its number if no class has that name.
    ///
    /// # Errors
    /// [`Error::UnknownClass`], which lists all names.
    pub fn class_named(&self, name: &str) -> Result<usize, Error> {
        label_of(Class::Name(name), self.classes())
    }

    /// Converts class names to labels, for [`Samples::labelled`](crate::Samples::labelled).
    ///
    /// # Errors
    /// [`Error::UnknownClass`], which lists all names.
    pub fn labels_named(&self, names: &[impl AsRef<str>]) -> Result<Vec<i64>, Error> {
        names.iter().map(|name| self.class_named(name.as_ref()).map(|class| class as i64)).collect()
    }

    /// Returns whether the encoder or the decoder needs a label for every row.
    pub fn takes_labels(&self) -> bool {
        self.encoder.takes_labels() || self.decoder.takes_labels()
    }

    /// Returns whether the model has a prior or a sampler, so that [`Autoencoder::generate`] or
    /// [`Autoencoder::generate_class`] works.
    pub fn is_generative(&self) -> bool {
        self.distributions.of_generation(None).is_some()
    }

    /// Returns the prior over codes, which the likelihoods of [`Autoencoder::score`] use; `None` for models without
    /// one.
    pub fn prior(&self) -> Option<&CodeDistribution> {
        self.distributions.prior.as_ref()
    }

    /// Returns the sampler, a distribution that was fitted to codes after training and from which generation samples;
    /// `None` for bundles without one. For one mixture per class, this is the mixture over the codes of all classes,
    /// `p(z) = sum_y p(y) p(z|y)`.
    pub fn sampler(&self) -> Option<&CodeDistribution> {
        self.distributions.sampler_of(None)
    }

    /// Returns the sampler of a class, `p(z|y)`, from which [`Autoencoder::generate_class`] samples. The class is given
    /// by name or label. `None` for bundles without a sampler; a sampler that does not depend on the class is the same
    /// for every class.
    ///
    /// # Errors
    /// [`Error::ClassUnexpected`] if the decoder takes no class, [`Error::UnknownClass`] if there is no such class.
    pub fn sampler_of_class<'a>(&self, class: impl Into<Class<'a>>) -> Result<Option<&CodeDistribution>, Error> {
        Ok(self.distributions.sampler_of(Some(self.decoder_class(class.into())?)))
    }

    /// Returns the label of a class for the decoder.
    pub(crate) fn decoder_class(&self, class: Class<'_>) -> Result<usize, Error> {
        match self.decoder.takes_labels() {
            true => label_of(class, self.classes()),
            false => Err(Error::ClassUnexpected { kind: self.kind() }),
        }
    }

    /// Returns the device on which both graphs run.
    pub fn device(&self) -> &Placement {
        &self.placement
    }
}
