//! The kinds of models: one file per kind, with its options, its checked settings and its loss.

mod ae;
mod capacity;
mod code_layer;
mod contraction;
mod corruption;
mod dae;
mod divergence;
mod importance;
#[cfg(test)]
mod kernel_tests;
mod model;
mod network;
mod pca;
mod penalty;
mod prior;
#[cfg(test)]
pub(crate) mod test_network;
mod vae;
mod vamp;
mod wae;
mod warmup;

use candle_core::Result;
use narrows_bundle::Kind;

pub(crate) use ae::Ae;
pub(crate) use ae::AeOptions;
pub use capacity::Capacity;
pub(crate) use code_layer::CodeLayer;
pub use code_layer::CodeOptions;
pub use corruption::{Corruption, CorruptionOptions};
pub(crate) use dae::Dae;
pub(crate) use dae::DaeOptions;
pub(crate) use divergence::Divergence;
pub use divergence::DivergenceOptions;
pub(crate) use model::{Batch, Loss, Model};
pub(crate) use network::{Below, Network, first, values_per_row};
pub use pca::PcaOptions;
pub(crate) use pca::PcaTakes;
pub(crate) use pca::{Pca, PcaFit, pca_bytes};
pub(crate) use penalty::CodePenalty;
pub use penalty::{PenaltyOptions, WeightPenaltyOptions};
pub use prior::{LatentPrior, PriorOptions};
#[cfg(test)]
pub(crate) use vae::Bound;
pub use vae::BoundOptions;
pub(crate) use vae::Condition;
pub(crate) use vae::Vae;
pub(crate) use vae::VaeOptions;
pub(crate) use vamp::{PSEUDO_INPUTS, class_count, components, trained_values};
pub use wae::DiscrepancyOptions;
pub(crate) use wae::Wae;
pub(crate) use wae::WaeOptions;
pub use warmup::KlWarmup;

pub(crate) use crate::loss_context::LossContext;

/// The objective of a kind that is trained by gradient descent.
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
    /// Returns the kind of the model.
    pub fn kind(&self) -> Kind {
        match self {
            Objective::Ae(_) => Kind::Ae,
            Objective::Dae(_) => Kind::Dae,
            Objective::Wae(_) => Kind::Wae,
            Objective::Vae(vae) => vae.kind(),
        }
    }

    /// Returns the settings of the code layer.
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

/// Computes the loss that training minimises: the loss of `model` and, if `l2` is not 0, the L2 penalty on the weights
/// as the component `l2`.
pub(crate) fn objective_loss(
    model: &dyn Model,
    l2: f64,
    network: &Network<'_>,
    batch: &Batch,
    context: LossContext,
) -> Result<Loss> {
    let loss = model.loss(network, batch, context)?;
    match penalty::weight_penalty(network.parameters, l2)? {
        Some(penalty) => loss.plus("l2", penalty),
        None => Ok(loss),
    }
}
