//! Options of generation.

use crate::{CellChoice, Class};

/// Options for [`Autoencoder::generate_with`](crate::Autoencoder::generate_with).
///
/// ```
/// use narrows_runtime::GenerateOptions;
///
/// let options = GenerateOptions::default().count(16).seed(7).temperature(0.8).truncate(2.0).class("seven");
/// assert_eq!(options.count, 16);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct GenerateOptions<'a> {
    /// Number of samples, by default 1.
    pub count: usize,
    /// Seed of the codes, by default 0. The same seed gives the same codes for every class, or, from a sampler with one
    /// mixture per class, the same standard normal noise.
    pub seed: u64,
    /// Factor of the standard deviation of the prior, by default 1. Below 1, samples are more typical and less varied;
    /// with 0, every sample is that of the mean code.
    pub temperature: f32,
    /// Largest absolute value of each latent dimension, in standard deviations after the temperature; by default no
    /// limit. The codes then have a truncated normal distribution. A value within the limit is the same as without it.
    pub truncate: Option<f32>,
    /// Class of all samples. A decoder that takes a class needs one, and other decoders refuse it.
    pub class: Option<Class<'a>>,
    /// How the cells of a mixed table are chosen, by default drawn from their distributions. Without an effect on other
    /// samples.
    pub cells: CellChoice,
}

impl Default for GenerateOptions<'_> {
    fn default() -> Self {
        GenerateOptions { count: 1, seed: 0, temperature: 1.0, truncate: None, class: None, cells: CellChoice::Drawn }
    }
}

impl<'a> GenerateOptions<'a> {
    /// Sets the number of samples.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Sets the seed of the codes.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the factor of the standard deviation of the prior.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = temperature;
        self
    }

    /// Limits the codes, in standard deviations.
    #[must_use]
    pub fn truncate(mut self, limit: f32) -> Self {
        self.truncate = Some(limit);
        self
    }

    /// Sets the class, by name or label.
    #[must_use]
    pub fn class(mut self, class: impl Into<Class<'a>>) -> Self {
        self.class = Some(class.into());
        self
    }

    /// Sets how the cells of a mixed table are chosen.
    #[must_use]
    pub fn cells(mut self, cells: CellChoice) -> Self {
        self.cells = cells;
        self
    }
}
