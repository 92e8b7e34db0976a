//! What each kind of autoencoder is: one file a kind, from its options to its loss.

mod ae;
mod bound;
mod capacity;
mod contraction;
mod cvae;
mod dae;
mod divergence;
mod importance;
mod pca;
mod penalty;
#[cfg(test)]
pub(crate) mod trial;
#[cfg(test)]
mod twins;
mod vae;
mod warmup;

use candle_core::{Result, Tensor};
use narrows_bundle::Kind;

pub use ae::Ae;
pub use bound::Bound;
pub use capacity::Capacity;
pub use cvae::Cvae;
pub use dae::{Corruption, Dae};
pub use divergence::Divergence;
pub use pca::{Pca, PcaFit};
pub use penalty::CodePenalty;
pub use vae::Vae;
pub use warmup::KlWarmup;

pub(crate) use crate::draw::Draw;
use crate::{
    candle::{Kernels, Parameters, run},
    likelihood::Observation,
    network::{Graph, GraphError, mlp::Mlp},
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

    /// The rule for its divergence, where it has one.
    fn divergence(&self) -> Option<Divergence> {
        match self {
            Objective::Ae(_) | Objective::Dae(_) => None,
            Objective::Vae(Vae { bound }) | Objective::Cvae(Cvae { bound }) => match bound {
                Bound::Evidence(divergence) => Some(*divergence),
                Bound::ImportanceWeighted { .. } => None,
            },
        }
    }

    /// Weight of the divergence after so many epochs.
    pub(crate) fn kl_weight(&self, epochs: f64) -> Option<f64> {
        self.divergence().map(|divergence| divergence.weight(epochs))
    }

    /// Whether the loss was the same function all the way from one moment to another, and is the one that
    /// figures are of.
    pub(crate) fn is_settled(&self, from: f64, to: f64) -> bool {
        self.divergence().is_none_or(|Divergence { warmup, capacity, .. }| {
            warmup.is_none_or(|warmup| warmup.is_over(from, to))
                && capacity.is_none_or(|capacity| from >= capacity.epochs)
        })
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

    /// Codes that are drawn a sample: how many rows of work a row of data makes.
    fn draws(&self) -> usize {
        1
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
    /// What computes them and the loss.
    pub(crate) kernels: Kernels,
    /// What scaled samples go through first, if anything.
    pub(crate) below: Option<Below<'a>>,
}

/// Layers that are not trained.
#[derive(Clone, Copy)]
pub(crate) struct Below<'a> {
    /// Scaled features to what the encoder takes.
    pub(crate) graph: &'a Graph,
    pub(crate) parameters: &'a Parameters,
}

impl Network<'_> {
    /// The encoder's outputs: the code or its mean first.
    pub(crate) fn encode(&self, x: &Tensor, labels: Option<&Tensor>) -> Result<Vec<Tensor>> {
        run(self.kernels, self.encoder, self.parameters, &with_labels(x, labels))
    }

    /// The logits of codes, `[batch, features]`.
    pub(crate) fn decode(&self, z: &Tensor, labels: Option<&Tensor>) -> Result<Tensor> {
        first(run(self.kernels, self.decoder, self.parameters, &with_labels(z, labels))?)
    }

    /// Whether the encoder gives a distribution over codes.
    pub(crate) fn is_variational(&self) -> bool {
        self.encoder.outputs().len() == 2
    }
}

impl Below<'_> {
    /// The outputs of these layers for scaled samples, `[batch, outputs]`: no gradient goes back through them.
    pub(crate) fn run(&self, kernels: Kernels, x: &Tensor) -> Result<Tensor> {
        Ok(first(run(kernels, self.graph, self.parameters, std::slice::from_ref(x))?)?.detach())
    }
}

/// A batch in the network's unit.
pub(crate) struct Batch {
    /// What the encoder takes, `[batch, features]`.
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

impl Loss {
    /// The loss with one more part.
    fn plus(mut self, name: &'static str, part: Tensor) -> Result<Self> {
        self.total = (&self.total + &part)?;
        self.parts.push((name, part));
        Ok(self)
    }
}

pub(crate) fn with_labels(value: &Tensor, labels: Option<&Tensor>) -> Vec<Tensor> {
    std::iter::once(value.clone()).chain(labels.cloned()).collect()
}

/// The output of a graph that has one, or the first of several.
pub(crate) fn first(outputs: Vec<Tensor>) -> Result<Tensor> {
    match outputs.into_iter().next() {
        Some(output) => Ok(output),
        None => candle_core::bail!("the network has no output"),
    }
}
