//! The kinds of autoencoder that are trained: one file per kind, from its options to its loss.

mod ae;
mod capacity;
mod code_layer;
mod contraction;
mod corruption;
mod dae;
mod divergence;
mod importance;
mod model;
mod network;
mod pca;
mod penalty;
#[cfg(test)]
pub(crate) mod trial;
#[cfg(test)]
mod twins;
mod vae;
mod wae;
mod warmup;

use candle_core::Result;
use narrows_bundle::Kind;

pub use ae::Ae;
pub(crate) use ae::AeOptions;
pub use capacity::Capacity;
pub use code_layer::{CodeLayer, CodeOptions};
pub use corruption::{Corruption, CorruptionOptions};
pub use dae::Dae;
pub(crate) use dae::DaeOptions;
pub use divergence::{Divergence, DivergenceOptions};
pub(crate) use model::{Batch, Loss, Model};
pub(crate) use network::{Below, Network, first};
pub(crate) use pca::PcaTakes;
pub use pca::{Pca, PcaFit, PcaOptions};
pub use penalty::{CodePenalty, PenaltyOptions, WeightPenaltyOptions};
pub(crate) use vae::VaeOptions;
pub use vae::{Bound, BoundOptions, Condition, Vae};
pub(crate) use wae::WaeOptions;
pub use wae::{DiscrepancyOptions, Wae};
pub use warmup::KlWarmup;

pub(crate) use crate::draw::Draw;

/// The kinds that are fitted by gradient descent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// A plain autoencoder.
    Ae(Ae),
    /// A denoising autoencoder.
    Dae(Dae),
    /// A Wasserstein autoencoder.
    Wae(Wae),
    /// A variational autoencoder, conditional or not.
    Vae(Vae),
}

impl Objective {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Objective::Ae(_) => Kind::Ae,
            Objective::Dae(_) => Kind::Dae,
            Objective::Wae(_) => Kind::Wae,
            Objective::Vae(vae) => vae.kind(),
        }
    }

    /// The layer that gives the code.
    pub fn code_layer(&self) -> CodeLayer {
        self.model().code_layer()
    }

    pub(crate) fn model(&self) -> &dyn Model {
        match self {
            Objective::Ae(model) => model,
            Objective::Dae(model) => model,
            Objective::Wae(model) => model,
            Objective::Vae(model) => model,
        }
    }
}

/// What training minimises: the loss of `model` and, where `l2` is not 0, its penalty on the weights as
/// the part `l2`.
pub(crate) fn objective_loss(
    model: &dyn Model,
    l2: f64,
    network: &Network<'_>,
    batch: &Batch,
    draw: Draw,
) -> Result<Loss> {
    let loss = model.loss(network, batch, draw)?;
    match penalty::weight_penalty(network.parameters, l2)? {
        Some(penalty) => loss.plus("l2", penalty),
        None => Ok(loss),
    }
}
