//! Back from a configuration to the options that make it.

use narrows_bundle::Likelihood;

use super::{Config, Descent, EarlyStop, Method, OptimizerName};
use crate::{
    Activation, Options,
    kinds::{Ae, Bound, CodePenalty, Cvae, Dae, Divergence, Objective, Pca, Vae},
    pretrain::{Pretrain, Pretraining},
};

impl Config {
    /// The options that make this configuration, with nothing left open: what is off stands as zero.
    pub fn effective(&self) -> Options {
        let (scale, scale_per) = self.scaling.words();
        let mut options = Options {
            source: self.source.clone(),
            scale: Some(scale),
            scale_per,
            latent: Some(self.latent_dim),
            likelihood: Some(self.observation.likelihood),
            output_link: Some(self.observation.link),
            valid_fraction: Some(self.valid_fraction),
            seed: Some(self.seed),
            ..Options::new(self.kind())
        };
        match &self.method {
            Method::ClosedForm(pca) => options.whiten = Some(*pca == Pca::Whitened),
            Method::Descent(descent) => {
                describe(descent, &mut options);
                if self.kind().is_variational() && self.observation.likelihood == Likelihood::Gaussian {
                    options.variance = Some(self.observation.variance);
                }
            }
        }
        options
    }

    /// The same with files named without their folders: what a manifest may hold, so that the same run in
    /// another place gives the same bytes.
    pub fn recorded(&self) -> Options {
        Options { source: self.source.without_folders(), ..self.effective() }
    }
}

fn describe(descent: &Descent, options: &mut Options) {
    let Descent {
        objective,
        l2,
        binarize,
        hidden,
        activation,
        latent_activation,
        tied,
        pretraining,
        epochs,
        batch_size,
        optimizer,
        learning_rate,
        schedule,
        warmup_steps,
        clip_norm,
        average,
        kernels,
        early_stop,
    } = descent;
    options.l2 = Some(*l2);
    options.binarize = Some(*binarize);
    options.hidden = Some(hidden.clone());
    options.activation = Some(*activation);
    // What was not there before stands only where it is used, so that older configurations keep their bytes.
    options.latent_activation = Some(*latent_activation).filter(|&activation| activation != Activation::Identity);
    if let Some(Pretraining { epochs, learning_rate }) = *pretraining {
        options.pretrain = Some(Pretrain::Layerwise);
        (options.pretrain_epochs, options.pretrain_learning_rate) = (Some(epochs), Some(learning_rate));
    }
    options.epochs = Some(*epochs);
    options.batch_size = Some(*batch_size);
    options.learning_rate = Some(*learning_rate);
    options.schedule = Some(*schedule);
    options.warmup = Some(*warmup_steps);
    options.clip_norm = Some(clip_norm.unwrap_or(0.0));
    options.average = Some(average.unwrap_or(0.0));
    options.kernels = Some(*kernels);
    options.patience = Some(early_stop.map_or(0, |EarlyStop { patience, .. }| patience));
    options.min_delta = early_stop.map(|EarlyStop { min_delta, .. }| min_delta);
    OptimizerName::describe(*optimizer, options);
    let mut deterministic = |CodePenalty { l1, contractive }: CodePenalty| {
        (options.tied, options.l1, options.contractive) = (Some(*tied), Some(l1), Some(contractive));
    };
    match *objective {
        Objective::Ae(Ae { penalty }) => deterministic(penalty),
        Objective::Dae(Dae { corruption, penalty }) => {
            deterministic(penalty);
            options.corruption = Some(corruption);
        }
        Objective::Vae(Vae { bound }) | Objective::Cvae(Cvae { bound }) => match bound {
            Bound::ImportanceWeighted { samples } => options.importance_samples = Some(samples),
            Bound::Evidence(Divergence { beta, warmup, free_bits, capacity }) => {
                options.importance_samples = Some(1);
                options.beta = Some(beta);
                options.free_bits = Some(free_bits);
                (options.kl_warmup, options.capacity) = (warmup, capacity);
            }
        },
    }
}
