//! The options of the fit of a sampler.

use narrows_bundle::Covariance;

use super::Codes;

/// A class gets at most one component for this many times the rows that a component needs. With as many rows as a
/// component needs, its samples are hardly more than the fitted codes themselves.
const CLASS_ROWS: usize = 5;

/// The options of [`fit`](super::fit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SamplerOptions {
    /// Number of components, at least 1; for one mixture per class, the largest number of each class.
    pub components: usize,
    /// Form of the covariance matrices.
    pub covariance: Covariance,
    /// Seed of the held-out rows, the posterior samples and the start.
    pub seed: u64,
}

impl SamplerOptions {
    /// Returns the number of rows that the fit needs: more than the number of dimensions per component for full
    /// covariances, and two per component for diagonal ones.
    pub(crate) fn needed_rows(&self, latent: usize) -> usize {
        self.components.saturating_mul(self.rows_per_component(latent))
    }

    /// Returns the number of rows to collect so that enough are fitted and at least one is held out.
    pub(crate) fn rows_to_collect(&self, latent: usize) -> usize {
        Codes::rows_to_collect(self.needed_rows(latent))
    }

    /// Returns these options with the number of components for a class of `rows` rows: at least one, and at most one
    /// for every [`CLASS_ROWS`] times the rows that a component needs.
    pub(crate) fn for_class(&self, rows: usize, latent: usize) -> Self {
        let most = rows / self.rows_per_component(latent).saturating_mul(CLASS_ROWS);
        SamplerOptions { components: self.components.min(most.max(1)), ..*self }
    }

    fn rows_per_component(&self, latent: usize) -> usize {
        match self.covariance {
            Covariance::Diagonal => 2,
            Covariance::Full => latent.saturating_add(1),
        }
    }
}
