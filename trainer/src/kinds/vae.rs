//! The variational autoencoder: the encoder returns a distribution over codes, the decoder is trained
//! on draws from it, and a divergence keeps that distribution near the prior (Kingma and Welling 2014).
//!
//! What is maximised is the evidence lower bound, `E_q(z|x)[ln p(x|z)] - KL(q(z|x) || p(z))`, with
//! `q(z|x) = N(mu, diag(sigma^2))`, `sigma = exp(log_var / 2)`, and the unit normal as the prior `p(z)`.
//! Draws are written `z = mu + sigma * eps` with `eps ~ N(0, I)`: the reparameterisation trick, which
//! lets gradients pass through mu and sigma while the randomness stays outside.

use candle_core::{Result, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{Batch, Draw, Loss, Model, Network};
use crate::network::{Graph, GraphError, mlp::Mlp};

/// A variational autoencoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vae {
    /// Weight of the divergence: 1 for the evidence lower bound, more for a beta-VAE (Higgins et al.
    /// 2017).
    pub beta: f64,
}

impl Model for Vae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.variational_encoder()
    }

    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        variational_loss(self.beta, network, batch, draw)
    }
}

/// The negative evidence lower bound in nats, by one draw a sample; with labels, both halves get them.
pub(super) fn variational_loss(beta: f64, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
    let labels = batch.labels.as_ref();
    let encoded = network.encode(&batch.x, labels)?;
    let [mu, log_var] = encoded.as_slice() else {
        candle_core::bail!("a variational encoder has two outputs, this one has {}", encoded.len());
    };
    let z = reparameterise(mu, log_var, &mut draw.noise())?;
    let logits = network.decode(&z, labels)?;
    let reconstruction = network.observation.nats(&logits, &batch.x)?;
    let kl = divergence(mu, log_var)?;
    let total = (&reconstruction + (&kl * beta)?)?;
    Ok(Loss { total, parts: vec![("reconstruction", reconstruction), ("kl", kl)] })
}

/// `mu + exp(log_var / 2) * eps` for `mu` and `log_var` of shape `[batch, latent]`, with `eps` drawn row by
/// row.
///
/// # Errors
/// Those of Candle.
pub fn reparameterise(mu: &Tensor, log_var: &Tensor, random: &mut ChaCha8Rng) -> Result<Tensor> {
    let noise: Vec<f32> = StandardNormal.sample_iter(random).take(mu.elem_count()).collect();
    let noise = Tensor::from_vec(noise, mu.shape(), mu.device())?;
    mu + ((log_var * 0.5)?.exp()? * noise)?
}

/// `KL(N(mu, exp(log_var)) || N(0, I)) = 1/2 sum(mu^2 + exp(log_var) - log_var - 1)` in nats, summed over
/// the latent dimensions and averaged over the batch (Kingma and Welling 2014, appendix B).
///
/// # Errors
/// Those of Candle.
pub fn divergence(mu: &Tensor, log_var: &Tensor) -> Result<Tensor> {
    let each = (((mu.sqr()? + log_var.exp()?)? - log_var)? - 1.0)?;
    each.sum_all()? * (0.5 / mu.dim(0)?.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::random::{Stream, stream};

    #[test]
    fn the_divergence_is_the_integral_that_it_stands_for() {
        // For one dimension: integrate q ln(q / p) over a fine grid.
        let (mu, log_var) = (0.7f64, -0.8f64);
        let sigma = (0.5 * log_var).exp();
        let step = 1e-3;
        let integral: f64 = (-12_000..12_000)
            .map(|index| {
                let z = mu + f64::from(index) * step;
                let ln_q = -0.5 * ((z - mu) / sigma).powi(2) - sigma.ln();
                let ln_p = -0.5 * z * z;
                let root = (2.0 * std::f64::consts::PI).sqrt();
                ln_q.exp() / root * (ln_q - ln_p) * step
            })
            .sum();
        let tensor = |value: f64| Tensor::new(&[[value as f32]], &Device::Cpu).expect("small");
        let closed = divergence(&tensor(mu), &tensor(log_var)).and_then(|kl| kl.to_scalar::<f32>()).expect("a scalar");
        assert!((f64::from(closed) - integral).abs() < 1e-5, "{closed} against {integral}");
    }

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
