//! The autoencoder: squeeze a sample through a code that is narrower than it, and ask for the sample
//! back.
//!
//! Encoder and decoder are trained together and used apart. With identity activations and a squared
//! error the best it can do is the subspace of the principal components (Baldi and Hornik 1989); what
//! it does beyond that is the non-linear part of "non-linear PCA".

use candle_core::Result;

use super::{Batch, Draw, Loss, Model, Network, first};
use crate::network::{Graph, GraphError, mlp::Mlp};

/// A plain autoencoder; it has no options of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ae;

impl Model for Ae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, _draw: Draw) -> Result<Loss> {
        reconstruction_loss(network, &batch.x, batch)
    }
}

/// The error of the clean sample's reconstruction from `seen`, which may be corrupted.
pub(super) fn reconstruction_loss(network: &Network<'_>, seen: &candle_core::Tensor, batch: &Batch) -> Result<Loss> {
    let z = first(network.encode(seen, None)?)?;
    let logits = network.decode(&z, None)?;
    let error = network.observation.error(&logits, &batch.x)?;
    Ok(Loss { parts: vec![("reconstruction", error.clone())], total: error })
}
