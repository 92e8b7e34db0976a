//! The variational autoencoder: the encoder returns a distribution over codes, the decoder is trained on samples from
//! it, and a KL term keeps that distribution near the prior (Kingma and Welling 2014).
//!
//! Training maximises the evidence lower bound, `E_q(z|x)[ln p(x|z)] - KL(q(z|x) || p(z))`, with
//! `q(z|x) = N(mu, diag(sigma^2))`, `sigma = exp(log_var / 2)`, and the unit normal as the prior `p(z)`. Latent samples
//! are written `z = mu + sigma * eps` with `eps ~ N(0, I)`: the reparameterisation trick, which lets gradients pass
//! through mu and sigma while the randomness stays outside.
//!
//! A conditional VAE is the same model whose two halves are also given the class (Sohn et al. 2015). Since the decoder
//! knows the class, the code is free to hold what the class does not say: slant, thickness, style. Asked for another
//! class with the same code, the decoder redraws the sample.
//!
//! How much the KL term weighs is a rule of its own (`divergence.rs`); the tighter bound of the importance weighted
//! autoencoder is in `importance.rs`.

use candle_core::Result;
use narrows_bundle::Kind;

use super::{Batch, Divergence, DivergenceOptions, Draw, Loss, Model, Network, importance::importance_loss};
use crate::{
    candle::reparameterise,
    network::{Graph, GraphError, mlp::Mlp},
    options::{options, takes},
    problems::Problems,
    random::normal_like,
    variance::{Variance, VarianceOptions},
};

options! {
    /// Which bound of the likelihood is maximised.
    pub struct BoundOptions in "Objective" {
        /// Latent samples per row in the importance-weighted bound; 1 is the evidence lower bound: vae, cvae
        /// [default: 1]
        #[flag(value_name = "NUMBER")]
        pub importance_samples: usize = 5,
    }
}

takes! {
    /// The options of a variational autoencoder beside those of every network.
    pub(crate) struct VaeOptions { variance: VarianceOptions, divergence: DivergenceOptions, bound: BoundOptions }
}

/// A variational autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Vae {
    /// What is maximised.
    pub bound: Bound,
    /// What both halves are given besides the sample and the code.
    pub condition: Condition,
}

/// What a variational autoencoder is given besides the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// Nothing.
    #[default]
    Nothing,
    /// The class of the sample: a conditional VAE.
    Class,
}

/// A lower bound of `ln p(x)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The evidence lower bound, with a rule for its KL term (Kingma and Welling 2014).
    Evidence(Divergence),
    /// The tighter bound of an importance weighted autoencoder (Burda et al. 2016).
    ImportanceWeighted {
        /// Latent samples per row, at least 1.
        samples: usize,
    },
}

impl Default for Bound {
    fn default() -> Self {
        Bound::Evidence(Divergence::default())
    }
}

impl VaeOptions<'_> {
    /// The variance of a Gaussian likelihood.
    pub(crate) fn variance(&self, problems: &mut Problems) -> Variance {
        self.variance.check(problems)
    }

    /// What these options mean.
    pub(crate) fn check(&self, condition: Condition, problems: &mut Problems) -> Vae {
        let divergence = self.divergence.check(problems);
        let samples = problems.at_least_one("importance_samples", self.bound.importance_samples.unwrap_or(1));
        if samples > 1 && divergence != Divergence::default() {
            problems.add(
                "importance_samples",
                "of more than 1 make a bound with no divergence of its own to weigh: leave beta, kl_warmup, free_bits and capacity out",
            );
        }
        let bound = if samples > 1 { Bound::ImportanceWeighted { samples } } else { Bound::Evidence(divergence) };
        Vae { bound, condition }
    }
}

impl Vae {
    /// Which kind it is.
    pub(crate) fn kind(&self) -> Kind {
        match self.condition {
            Condition::Nothing => Kind::Vae,
            Condition::Class => Kind::Cvae,
        }
    }
}

impl Bound {
    /// The options that say this.
    pub(crate) fn options(self) -> (BoundOptions, DivergenceOptions) {
        match self {
            Bound::ImportanceWeighted { samples } => {
                (BoundOptions { importance_samples: Some(samples) }, DivergenceOptions::default())
            }
            Bound::Evidence(divergence) => (BoundOptions { importance_samples: Some(1) }, divergence.options()),
        }
    }
}

impl Model for Vae {
    fn encoder(&self, mlp: &Mlp) -> std::result::Result<Graph, GraphError> {
        mlp.variational_encoder()
    }

    /// The negative bound in nats, averaged over the batch; with labels, both halves get them.
    fn loss(&self, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
        match self.bound {
            Bound::Evidence(divergence) => evidence_loss(divergence, network, batch, draw),
            Bound::ImportanceWeighted { samples } => importance_loss(samples, network, batch, draw),
        }
    }

    fn draws(&self) -> usize {
        match self.bound {
            Bound::Evidence(_) => 1,
            Bound::ImportanceWeighted { samples } => samples,
        }
    }

    fn divergence(&self) -> Option<Divergence> {
        match self.bound {
            Bound::Evidence(divergence) => Some(divergence),
            Bound::ImportanceWeighted { .. } => None,
        }
    }
}

/// The negative evidence lower bound in nats, with one latent sample per row and the KL term weighted by `rule`. The
/// part `kl` is the plain divergence, whatever the rule.
fn evidence_loss(rule: Divergence, network: &Network<'_>, batch: &Batch, draw: Draw) -> Result<Loss> {
    let labels = batch.labels.as_ref();
    let (mu, log_var) = network.posterior(&batch.x, labels)?;
    let z = reparameterise(network.kernels, &mu, &log_var, &normal_like(&mu, &mut draw.noise())?)?;
    let reconstruction = network.nats(&z, labels, &batch.x)?;
    let (kl, cost) = rule.of(network.kernels, &mu, &log_var, draw.epochs())?;
    let total = (&reconstruction + cost)?;
    Ok(Loss { total, parts: vec![("reconstruction", reconstruction), ("kl", kl)] })
}
