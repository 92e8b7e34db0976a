//! The variational autoencoder: the encoder returns a distribution over codes, the decoder is trained
//! on draws from it, and a divergence keeps that distribution near the prior (Kingma and Welling 2014).
//!
//! What is maximised is the evidence lower bound, `E_q(z|x)[ln p(x|z)] - KL(q(z|x) || p(z))`, with
//! `q(z|x) = N(mu, diag(sigma^2))`, `sigma = exp(log_var / 2)`, and the unit normal as the prior `p(z)`.
//! Draws are written `z = mu + sigma * eps` with `eps ~ N(0, I)`: the reparameterisation trick, which
//! lets gradients pass through mu and sigma while the randomness stays outside.
//!
//! How much the divergence weighs is a rule of its own (`divergence.rs`); the tighter bound of the
//! importance weighted autoencoder lies in `importance.rs`.

use candle_core::{Result, Tensor};

use super::{Batch, Bound, Divergence, Draw, Loss, Model, Network};
use crate::{
    candle::reparameterise,
    network::{Graph, GraphError, mlp::Mlp},
    random::normal_like,
};

/// A variational autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Vae {
    /// What is maximised.
    pub bound: Bound,
}

impl Model for Vae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.variational_encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        self.bound.loss(network, batch, draw)
    }

    fn draws(&self) -> usize {
        self.bound.draws()
    }
}

/// The negative evidence lower bound in nats, by one draw a sample, with what the rule makes of the
/// divergence. The part `kl` is the plain divergence, whatever the rule.
pub(super) fn evidence_loss(rule: Divergence, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
    let labels = batch.labels.as_ref();
    let (mu, log_var) = posterior(network, batch)?;
    let z = reparameterise(network.kernels, &mu, &log_var, &normal_like(&mu, &mut draw.noise())?)?;
    let reconstruction = network.nats(&z, labels, &batch.x)?;
    let (kl, cost) = rule.of(network.kernels, &mu, &log_var, draw.epochs())?;
    let total = (&reconstruction + cost)?;
    Ok(Loss { total, parts: vec![("reconstruction", reconstruction), ("kl", kl)] })
}

/// `mu` and `log_var` of a batch, `[batch, latent]` each.
pub(super) fn posterior(network: &Network<'_>, batch: &Batch) -> Result<(Tensor, Tensor)> {
    let encoded = network.encode(&batch.x, batch.labels.as_ref())?;
    match encoded.as_slice() {
        [mu, log_var] => Ok((mu.clone(), log_var.clone())),
        _ => candle_core::bail!("a variational encoder has two outputs, this one has {}", encoded.len()),
    }
}
