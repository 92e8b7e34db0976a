//! Generation: codes sampled from the sampler or the prior, and decoded.

use ndarray::{Array2, ArrayD};

use crate::{
    Autoencoder, CellChoice, Class, CodeDistribution, CodeSpread, Codes, Error, GenerateOptions,
    prior_noise::prior_noise,
};

impl Autoencoder {
    /// Generates `count` samples, `[count, ...sample shape]`: samples codes and decodes them. Codes are sampled
    /// from the fitted sampler if the bundle has one, otherwise from the prior.
    ///
    /// The same seed gives the same samples; a smaller `count` gives a prefix of them. The cells of a mixed table are
    /// drawn from their distributions ([`CellChoice`]).
    ///
    /// # Errors
    /// [`Error::NoPrior`] if the model has neither a sampler nor a prior, [`Error::ClassNeeded`] if the decoder takes a
    /// class, [`Error::Memory`] and [`Error::TooMany`] if the samples do not fit into memory; otherwise those of
    /// [`Autoencoder::decode`].
    pub fn generate(&self, count: usize, seed: u64) -> Result<ArrayD<f32>, Error> {
        self.generate_with(&GenerateOptions::default().count(count).seed(seed))
    }

    /// Generates `count` samples of one class, `[count, ...sample shape]`. The class is given by name or label. The
    /// same seed gives the same codes for every class, or, from a sampler with one mixture per class, the same standard
    /// normal noise.
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
        self.generate_with(&GenerateOptions::default().count(count).seed(seed).class(class))
    }

    /// Generates samples, `[count, ...sample shape]`, with a temperature, a truncation and a class.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] for an impossible temperature or truncation; otherwise those of [`Autoencoder::generate`]
    /// and [`Autoencoder::generate_class`].
    pub fn generate_with(&self, options: &GenerateOptions<'_>) -> Result<ArrayD<f32>, Error> {
        match options.class {
            None if self.decoder.takes_labels() => {
                Err(Error::ClassNeeded { kind: self.kind(), classes: self.classes().to_vec() })
            }
            None => self.decode_chosen(Codes::from(&self.sample_codes(options)?), options),
            Some(class) => {
                let label = self.decoder_class(class)? as i64;
                let codes = self.sample_codes(options)?;
                let labels = self.bounds().repeated_label(label, options.count)?;
                self.decode_chosen(Codes::from(&codes).labelled(&labels), options)
            }
        }
    }

    fn decode_chosen(&self, codes: Codes<'_>, options: &GenerateOptions<'_>) -> Result<ArrayD<f32>, Error> {
        match options.cells {
            CellChoice::Drawn => self.decode_drawn(codes, options.seed, 0),
            CellChoice::MostLikely => self.decode(codes),
        }
    }

    /// Samples the codes that [`Autoencoder::generate_with`] decodes, `[count, latent]`: from the fitted sampler if the
    /// bundle has one, otherwise from the prior. A sampler with one mixture per class samples codes of the class of the
    /// options, or of all classes without a class. The temperature and the truncation apply to the standard normal
    /// noise that a mixture places around the means of its components. The noise, and the uniform number that chooses
    /// the component, are the same for every class.
    ///
    /// # Errors
    /// [`Error::NoPrior`] if the model has neither, [`Error::ClassUnexpected`] for a class if the decoder takes none,
    /// [`Error::UnknownClass`] if there is no such class, [`Error::OutOfRange`] for an impossible temperature or
    /// truncation, [`Error::Memory`] and [`Error::TooMany`] if the codes do not fit into memory.
    pub fn sample_codes(&self, options: &GenerateOptions<'_>) -> Result<Array2<f32>, Error> {
        let distribution = self.distribution_of_generation(options.class)?;
        let noise = prior_noise(options, self.latent_dim(), self.bounds())?;
        distribution.codes_of(noise, options.seed, self.bounds())
    }

    /// Returns the mean and the standard deviation of the codes that [`Autoencoder::sample_codes`] samples: those of
    /// the fitted sampler if the bundle has one, otherwise those of the prior. For one mixture per class, they are
    /// those of the codes of all classes.
    ///
    /// # Errors
    /// [`Error::NoPrior`] if the model has neither. [`CodeMoments`](crate::CodeMoments) computes those of the codes of
    /// data.
    pub fn code_spread(&self) -> Result<CodeSpread, Error> {
        Ok(self.distribution_of_generation(None)?.spread())
    }

    /// Returns the mean and the standard deviation of the codes that [`Autoencoder::generate_class`] samples.
    ///
    /// # Errors
    /// Those of [`Autoencoder::code_spread`], [`Error::ClassUnexpected`] if the decoder takes no class, and
    /// [`Error::UnknownClass`] if there is no such class.
    pub fn code_spread_of_class<'a>(&self, class: impl Into<Class<'a>>) -> Result<CodeSpread, Error> {
        Ok(self.distribution_of_generation(Some(class.into()))?.spread())
    }

    /// Returns the distribution from which the samples of a class are generated, or those of all classes.
    fn distribution_of_generation(&self, class: Option<Class<'_>>) -> Result<&CodeDistribution, Error> {
        let class = class.map(|class| self.decoder_class(class)).transpose()?;
        self.distributions.of_generation(class).ok_or(Error::NoPrior { kind: self.kind() })
    }
}
