//! What a variational kind maximises: a lower bound of the likelihood of the data.

use candle_core::Result;

use super::{Batch, Divergence, Draw, Loss, Network, importance::importance_loss, vae::evidence_loss};

/// A lower bound of `ln p(x)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The evidence lower bound of a VAE, with a rule for its divergence (Kingma and Welling 2014).
    Evidence(Divergence),
    /// The tighter bound of an importance weighted autoencoder (Burda et al. 2016).
    ImportanceWeighted {
        /// Codes that are drawn a sample, at least 1.
        samples: usize,
    },
}

impl Default for Bound {
    fn default() -> Self {
        Bound::Evidence(Divergence::default())
    }
}

impl Bound {
    /// The negative bound in nats, averaged over the batch; with labels, both halves get them.
    pub(super) fn loss(self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        match self {
            Bound::Evidence(divergence) => evidence_loss(divergence, network, batch, draw),
            Bound::ImportanceWeighted { samples } => importance_loss(samples, network, batch, draw),
        }
    }

    /// Codes that are drawn a sample.
    pub(super) fn draws(self) -> usize {
        match self {
            Bound::Evidence(_) => 1,
            Bound::ImportanceWeighted { samples } => samples,
        }
    }
}
