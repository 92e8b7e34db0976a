//! A configuration that can work: options, checked against the data, with nothing left open.

mod check;
mod effective;
mod size;

use narrows_bundle::{Kind, Likelihood};

pub(crate) use size::MOST_PARAMETERS;

use crate::{
    architecture::Architecture,
    binarize::Binarize,
    candle::{Kernels, Parameters, Rule},
    data_options::DataOptions,
    descent::{EarlyStop, Steps},
    kinds::{Objective, Pca},
    likelihood::OutputDistribution,
    pretrain::Pretraining,
    scaling::ScalingRule,
    schedule::LearningRate,
    split::held_out,
    variance::{Variance, variance_of},
};

/// A checked configuration. [`fit`](crate::fit) takes nothing else, so that zero epochs cannot reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the data comes from, as it was named.
    pub data: DataOptions,
    /// Numbers in a code.
    pub latent_dim: usize,
    /// Likelihood and output link.
    pub output_distribution: OutputDistribution,
    /// From the data's unit to the network's.
    pub scaling: ScalingRule,
    /// Share of the training rows that is held out, in `[0, 1)`.
    pub valid_fraction: f64,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the weights are found.
    pub method: Method,
}

/// How the weights are found.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one of them in a run")]
pub enum Method {
    /// By an eigenvalue decomposition.
    ClosedForm(Pca),
    /// By stochastic gradient descent.
    Descent(Descent),
}

/// Settings of a network and of its training.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// What is minimised.
    pub objective: Objective,
    /// Weight of the squared weights, not negative; 0 for none.
    pub l2: f64,
    /// Whether and when pixels become 0 or 1.
    pub binarize: Binarize,
    /// The hidden layers.
    pub architecture: Architecture,
    /// How the layers are trained one by one before, if they are.
    pub pretraining: Option<Pretraining>,
    /// Passes over the training rows by the network as a whole, at least 1.
    pub epochs: usize,
    /// What a step is.
    pub steps: Steps,
    /// How a gradient becomes a step.
    pub optimizer: Rule,
    /// The learning rate of each step.
    pub learning_rate: LearningRate,
    /// What computes.
    pub kernels: Kernels,
    /// When to stop before the last epoch.
    pub early_stop: Option<EarlyStop>,
}

/// Where an epoch stands in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochPlace {
    /// The layer that it trains alone, from 1; `None` for the network as a whole.
    pub layer: Option<usize>,
    /// Which one it is, from 1, of the layer or of the whole.
    pub epoch: usize,
    /// Of how many.
    pub epochs: usize,
}

impl Config {
    /// Which kind of model it makes.
    pub fn kind(&self) -> Kind {
        match &self.method {
            Method::ClosedForm(_) => Kind::Pca,
            Method::Descent(descent) => descent.objective.kind(),
        }
    }

    /// Whether the likelihood has a variance that the loss feels.
    pub(crate) fn has_variance(&self) -> bool {
        self.kind().is_variational() && self.output_distribution.likelihood == Likelihood::Gaussian
    }

    /// The variance as it stands in these parameters, where it is learned.
    pub(crate) fn learned_variance(&self, parameters: &Parameters) -> candle_core::Result<Option<f64>> {
        match self.output_distribution.variance {
            Variance::Learned if self.has_variance() => {
                Ok(Some(variance_of(Variance::Learned, &parameters.to_weights()?)))
            }
            Variance::Learned | Variance::Fixed(_) => Ok(None),
        }
    }

    /// How many of so many training rows are fitted, and not held out.
    pub fn fitted_rows(&self, rows: usize) -> usize {
        rows - held_out(rows, self.valid_fraction)
    }
}

impl Descent {
    /// Layers that are trained alone before: the hidden ones and the code's, or none.
    pub fn pretrained_layers(&self) -> usize {
        self.pretraining.map_or(0, |_| self.architecture.hidden.len() + 1)
    }

    /// Epochs over these layers.
    pub fn pretraining_epochs(&self) -> usize {
        self.pretraining.map_or(0, |pretraining| pretraining.epochs * self.pretrained_layers())
    }

    /// Epochs of the run, pretraining among them, if nothing ends it before.
    pub fn all_epochs(&self) -> usize {
        self.pretraining_epochs() + self.epochs
    }

    /// Where an epoch of the run stands, counted from 1 over all of them.
    pub fn place_of(&self, epoch: usize) -> EpochPlace {
        match (self.pretraining, epoch.checked_sub(1)) {
            (Some(Pretraining { epochs, .. }), Some(before)) if before < self.pretraining_epochs() => {
                EpochPlace { layer: Some(before / epochs + 1), epoch: before % epochs + 1, epochs }
            }
            _ => {
                EpochPlace { layer: None, epoch: epoch.saturating_sub(self.pretraining_epochs()), epochs: self.epochs }
            }
        }
    }
}
