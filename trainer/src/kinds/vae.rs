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
use rand_chacha::ChaCha8Rng;

use super::{Batch, Bound, Divergence, Draw, Loss, Model, Network};
use crate::{
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
    let z = reparameterise(&mu, &log_var, &mut draw.noise())?;
    let logits = network.decode(&z, labels)?;
    let reconstruction = network.observation.nats(&logits, &batch.x, network.parameters)?;
    let (kl, cost) = rule.of(&mu, &log_var, draw.epochs())?;
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

/// `mu + exp(log_var / 2) * eps` for `mu` and `log_var` of shape `[batch, latent]`, with `eps` drawn row by
/// row.
///
/// # Errors
/// Those of Candle.
pub fn reparameterise(mu: &Tensor, log_var: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
    mu + ((log_var * 0.5)?.exp()? * normal_like(mu, random)?)?
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::{Stream, stream};

    #[test]
    fn draws_have_the_mean_and_the_deviation_of_the_posterior() {
        let rows = 20_000;
        let full = |value: f32| Tensor::full(value, (rows, 1), &Device::Cpu).expect("small");
        let z = reparameterise(&full(1.5), &full(-2.0), &mut stream(1, Stream::Noise, 0)).expect("on the CPU");
        let z: Vec<f32> = z.flatten_all().and_then(|flat| flat.to_vec1()).expect("floats");
        let mean = z.iter().map(|&z| f64::from(z)).sum::<f64>() / rows as f64;
        let variance = z.iter().map(|&z| (f64::from(z) - mean).powi(2)).sum::<f64>() / rows as f64;
        // Five standard errors.
        assert!((mean - 1.5).abs() < 0.013 && (variance - (-2f64).exp()).abs() < 0.007, "{mean} {variance}");
    }
}
