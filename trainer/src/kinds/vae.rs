//! The variational autoencoder: the encoder returns a distribution over codes, the decoder is trained on samples from
//! it, and a KL term keeps that distribution near the prior (Kingma and Welling 2014).
//!
//! Training maximises the evidence lower bound, `E_q(z|x)[ln p(x|z)] - KL(q(z|x) || p(z))`, with
//! `q(z|x) = N(mu, diag(sigma^2))`, `sigma = exp(log_var / 2)`, and the unit normal as the prior `p(z)`. Latent samples
//! are written `z = mu + sigma * eps` with `eps ~ N(0, I)`: the reparameterisation trick, which lets gradients pass
//! through mu and sigma while the randomness stays outside.
//!
//! A conditional VAE is the same model with the class as an additional input of the encoder and the decoder (Sohn et
//! al. 2015). Since the decoder receives the class, the code represents the remaining variation, such as slant,
//! thickness and style of a digit. With another class and the same code, the decoder generates a sample of that class
//! in the same style.
//!
//! The weight of the KL term is in `divergence.rs`, the tighter bound of the importance weighted autoencoder in
//! `importance.rs`, and another prior in `vamp.rs`.

use candle_core::Result;
use narrows_bundle::Kind;

use super::{
    Batch, Divergence, DivergenceOptions, LatentPrior, Loss, LossContext, Model, Network, PriorOptions,
    importance::{importance_loss, mean},
    vamp::log_prior_over_posterior,
};
use crate::{
    candle::reparameterise,
    network::{Graph, GraphError, builder::Builder},
    options::{options, takes},
    problems::Problems,
    random::normal_like,
    variance::{Variance, VarianceOptions},
};

options! {
    /// The lower bound of the likelihood that training maximises.
    pub struct BoundOptions in "Objective" {
        /// Latent samples per row for the importance-weighted bound (IWAE); with 1 it is the ELBO (vae, cvae)
        /// [default: 1]
        #[flag(value_name = "NUMBER")]
        pub importance_samples: usize = 5,
    }
}

takes! {
    /// The options of a variational autoencoder, in addition to those of every network.
    pub(crate) struct VaeOptions {
        variance: VarianceOptions,
        divergence: DivergenceOptions,
        bound: BoundOptions,
        prior: PriorOptions,
    }
}

/// A variational autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Vae {
    /// The lower bound that training maximises.
    pub bound: Bound,
    /// The prior over codes.
    pub prior: LatentPrior,
    /// Additional input of the encoder and the decoder.
    pub condition: Condition,
}

/// The additional input of a variational autoencoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Condition {
    /// No additional input.
    #[default]
    Nothing,
    /// The class of the sample: a conditional VAE.
    Class,
}

/// A lower bound of `ln p(x)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// The evidence lower bound, with settings of its KL term (Kingma and Welling 2014).
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
    /// Checks the variance of a Gaussian likelihood.
    pub(crate) fn variance(&self, problems: &mut Problems) -> Variance {
        self.variance.check(problems)
    }

    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, condition: Condition, problems: &mut Problems) -> Vae {
        let divergence = self.divergence.check(problems);
        let samples = problems.at_least_one("importance_samples", self.bound.importance_samples.unwrap_or(1));
        if samples > 1 && divergence != Divergence::default() {
            problems.add(
                "importance_samples",
                "above 1 gives a bound without a separate KL term; leave out --beta, --kl-warmup, --free-bits and \
                 --capacity",
            );
        }
        let prior = self.prior.check(problems);
        if prior != LatentPrior::Normal && (divergence.free_bits > 0.0 || divergence.capacity.is_some()) {
            problems.add(
                "prior",
                format!(
                    "is {prior}, whose KL divergence has no closed form; leave out --free-bits and --capacity, which need \
                     one"
                ),
            );
        }
        let bound = if samples > 1 { Bound::ImportanceWeighted { samples } } else { Bound::Evidence(divergence) };
        Vae { bound, prior, condition }
    }
}

impl Vae {
    /// Returns the kind of the model.
    pub(crate) fn kind(&self) -> Kind {
        match self.condition {
            Condition::Nothing => Kind::Vae,
            Condition::Class => Kind::Cvae,
        }
    }
}

impl Bound {
    /// Returns the options that produce this bound.
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
    fn encoder(&self, builder: &Builder) -> std::result::Result<Graph, GraphError> {
        builder.variational_encoder()
    }

    /// Computes the negative bound in nats, averaged over the batch. Labels, if there are any, are inputs of the
    /// encoder and the decoder.
    fn loss(&self, network: &Network<'_>, batch: &Batch, context: LossContext) -> Result<Loss> {
        match self.bound {
            Bound::Evidence(divergence) => evidence_loss(divergence, self.prior, network, batch, context),
            Bound::ImportanceWeighted { samples } => importance_loss(samples, self.prior, network, batch, context),
        }
    }

    fn latent_samples(&self) -> usize {
        match self.bound {
            Bound::Evidence(_) => 1,
            Bound::ImportanceWeighted { samples } => samples,
        }
    }

    fn prior(&self) -> LatentPrior {
        self.prior
    }

    fn divergence(&self) -> Option<Divergence> {
        match self.bound {
            Bound::Evidence(divergence) => Some(divergence),
            Bound::ImportanceWeighted { .. } => None,
        }
    }
}

/// Computes the negative evidence lower bound in nats, with one latent sample per row and the KL term weighted by
/// `divergence`. The component `kl` is the unweighted KL divergence: in closed form for the standard normal prior,
/// otherwise its Monte Carlo estimate at the latent samples.
fn evidence_loss(
    divergence: Divergence,
    prior: LatentPrior,
    network: &Network<'_>,
    batch: &Batch,
    context: LossContext,
) -> Result<Loss> {
    let labels = batch.labels.as_ref();
    let (mu, log_var) = network.posterior(batch.inputs(), labels)?;
    let noise = normal_like(&mu, &mut context.noise())?;
    let z = reparameterise(network.kernels, &mu, &log_var, &noise)?;
    let reconstruction = network.nats(&z, labels, &batch.x)?;
    let (kl, cost) = match prior {
        LatentPrior::Normal => divergence.kl_and_cost(network.kernels, &mu, &log_var, context.epochs())?,
        LatentPrior::Vamp { .. } => {
            let kl = mean(&log_prior_over_posterior(prior, network, &z, &noise, &log_var)?.neg()?)?;
            let cost = (&kl * divergence.weight(context.epochs()))?;
            (kl, cost)
        }
    };
    let total = (&reconstruction + cost)?;
    Ok(Loss { total, parts: vec![("reconstruction", reconstruction), ("kl", kl)] })
}
