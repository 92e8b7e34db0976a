//! What a loaded model says about itself.

use narrows_bundle::{Kind, Manifest};

use crate::{Autoencoder, Class, Error, Placement, label::number_of};

impl Autoencoder {
    /// What the bundle says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which model it is.
    pub fn kind(&self) -> Kind {
        self.manifest.kind
    }

    /// Numbers in a code.
    pub fn latent_dim(&self) -> usize {
        self.manifest.latent_dim
    }

    /// Shape of one sample, without the batch dimension.
    pub fn sample_shape(&self) -> &[usize] {
        &self.manifest.sample.shape
    }

    /// Smallest and largest value of the data, in its unit: that of the unit itself for pictures, as seen in
    /// training for tables.
    pub fn sample_range(&self) -> (f32, f32) {
        self.manifest.sample.range
    }

    /// Names of the classes of the data that the model was fitted on, by label; empty without labels.
    pub fn classes(&self) -> &[String] {
        self.manifest.classes.as_deref().unwrap_or_default()
    }

    /// The label of a class, by its name, or by its number where no class has that name.
    ///
    /// # Errors
    /// [`Error::UnknownClass`], with all names.
    pub fn class_named(&self, name: &str) -> Result<usize, Error> {
        number_of(Class::Name(name), self.classes())
    }

    /// The labels of rows whose classes are given by name, for [`Samples::labelled`](crate::Samples::labelled).
    ///
    /// # Errors
    /// [`Error::UnknownClass`], with all names.
    pub fn labels_named(&self, names: &[impl AsRef<str>]) -> Result<Vec<i64>, Error> {
        names.iter().map(|name| self.class_named(name.as_ref()).map(|class| class as i64)).collect()
    }

    /// Whether the encoder or the decoder takes a label with every row.
    pub fn takes_labels(&self) -> bool {
        self.encoder.takes_labels() || self.decoder.takes_labels()
    }

    /// Whether there is a distribution to draw codes from: whether [`Autoencoder::generate`] or
    /// [`Autoencoder::generate_class`] works.
    pub fn is_generative(&self) -> bool {
        self.manifest.prior.is_some()
    }

    /// What both graphs were loaded on.
    pub fn device(&self) -> &Placement {
        &self.placement
    }
}
