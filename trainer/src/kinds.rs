//! What each kind of autoencoder is: one file a kind, from its options to its loss.

mod ae;
mod cvae;
mod dae;
mod pca;
mod vae;

use candle_core::{Result, Tensor};
use narrows_bundle::Kind;
use rand_chacha::ChaCha8Rng;

pub use ae::Ae;
pub use cvae::Cvae;
pub use dae::{Corruption, Dae};
pub use pca::{Pca, PcaFit};
pub use vae::{Vae, divergence, reparameterise};

use crate::{
    candle::{Parameters, run},
    likelihood::Observation,
    network::{Graph, GraphError, mlp::Mlp},
    random::{Stream, stream},
};

/// The kinds that are fitted by gradient descent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// A plain autoencoder.
    Ae(Ae),
    /// A denoising autoencoder.
    Dae(Dae),
    /// A variational autoencoder.
    Vae(Vae),
    /// A conditional variational autoencoder.
    Cvae(Cvae),
}

impl Objective {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Objective::Ae(_) => Kind::Ae,
            Objective::Dae(_) => Kind::Dae,
            Objective::Vae(_) => Kind::Vae,
            Objective::Cvae(_) => Kind::Cvae,
        }
    }

    pub(crate) fn model(&self) -> &dyn Model {
        match self {
            Objective::Ae(model) => model,
            Objective::Dae(model) => model,
            Objective::Vae(model) => model,
            Objective::Cvae(model) => model,
        }
    }
}

/// What a kind that is fitted by gradient descent defines.
pub(crate) trait Model {
    /// The encoder's core, from scaled features to its outputs.
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError>;

    /// The loss of one batch.
    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss>;
}

/// The two halves at work.
pub(crate) struct Network<'a> {
    /// Scaled features to a code.
    pub(crate) encoder: &'a Graph,
    /// A code to logits.
    pub(crate) decoder: &'a Graph,
    /// Weights of both.
    pub(crate) parameters: &'a Parameters,
    /// What the logits mean.
    pub(crate) observation: Observation,
}

impl Network<'_> {
    /// The encoder's outputs: the code or its mean first.
    pub(crate) fn encode(&self, x: &Tensor, labels: Option<&Tensor>) -> Result<Vec<Tensor>> {
        run(self.encoder, self.parameters, &with_labels(x, labels))
    }

    /// The logits of codes, `[batch, features]`.
    pub(crate) fn decode(&self, z: &Tensor, labels: Option<&Tensor>) -> Result<Tensor> {
        first(run(self.decoder, self.parameters, &with_labels(z, labels))?)
    }
}

/// A batch in the network's unit.
pub(crate) struct Batch {
    /// `[batch, features]`.
    pub(crate) x: Tensor,
    /// `[batch]`, only where the model takes labels.
    pub(crate) labels: Option<Tensor>,
}

/// A loss and what it is made of.
pub(crate) struct Loss {
    /// What is minimised; a scalar.
    pub(crate) total: Tensor,
    /// Its parts by name, as scalars.
    pub(crate) parts: Vec<(&'static str, Tensor)>,
}

/// Where the randomness of a loss comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draw {
    /// A training step.
    Training { seed: u64, step: u64 },
    /// A batch of figures: nothing is corrupted.
    Evaluation { seed: u64, batch: u64 },
}

impl Draw {
    /// The noise of the reparameterisation.
    pub(crate) fn noise(self) -> ChaCha8Rng {
        match self {
            Draw::Training { seed, step } => stream(seed, Stream::Noise, step),
            Draw::Evaluation { seed, batch } => stream(seed, Stream::Evaluation, batch),
        }
    }
}

fn with_labels(value: &Tensor, labels: Option<&Tensor>) -> Vec<Tensor> {
    std::iter::once(value.clone()).chain(labels.cloned()).collect()
}

fn first(outputs: Vec<Tensor>) -> Result<Tensor> {
    match outputs.into_iter().next() {
        Some(output) => Ok(output),
        None => candle_core::bail!("the network has no output"),
    }
}
