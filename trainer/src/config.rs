//! A configuration that can work: options, checked against the data, with nothing left open.

mod check;
mod effective;
mod optimizer;
mod size;

use narrows_bundle::{Kind, Likelihood};

use narrows_data::Reading;
pub use optimizer::OptimizerName;

use crate::{
    Activation,
    binarize::Binarize,
    candle::{Kernels, Parameters, Rule},
    kinds::{Objective, Pca},
    likelihood::Observation,
    scaling::ScalingRule,
    schedule::{Pace, Schedule},
    variance::{Variance, variance_of},
};

/// A checked configuration. [`fit`](crate::fit) takes nothing else, so that zero epochs cannot reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the data comes from, as it was named.
    pub source: Source,
    /// Numbers in a code.
    pub latent_dim: usize,
    /// Likelihood and output link.
    pub observation: Observation,
    /// From the data's unit to the network's.
    pub scaling: ScalingRule,
    /// Share of the training rows that is held out, in `[0, 1)`.
    pub valid_fraction: f64,
    /// Seed of all randomness.
    pub seed: u64,
    /// How the weights are found.
    pub method: Method,
}

/// Where data comes from: the words that name it, and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The data to train on.
    pub reading: Reading,
    /// Data to watch training by, read in the same way, and its file of labels.
    pub valid: Option<String>,
    /// See `valid`.
    pub valid_labels: Option<String>,
    /// Data to test with, read in the same way, and its file of labels.
    pub test: Option<String>,
    /// See `test`.
    pub test_labels: Option<String>,
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
    /// Widths of the encoder's hidden layers.
    pub hidden: Vec<usize>,
    /// After every hidden layer.
    pub activation: Activation,
    /// Whether the decoder's weights are the encoder's, transposed.
    pub tied: bool,
    /// Passes over the training rows, at least 1.
    pub epochs: usize,
    /// Rows in a step, at least 1.
    pub batch_size: usize,
    /// How a gradient becomes a step.
    pub optimizer: Rule,
    /// Step size at its highest, positive.
    pub learning_rate: f64,
    /// How the step size goes on.
    pub schedule: Schedule,
    /// Steps over which the step size rises, before the schedule begins.
    pub warmup_steps: u64,
    /// Largest norm of the gradient, positive.
    pub clip_norm: Option<f64>,
    /// Decay of the moving average of the weights, in `(0, 1)`.
    pub average: Option<f64>,
    /// What computes.
    pub kernels: Kernels,
    /// When to stop before the last epoch.
    pub early_stop: Option<EarlyStop>,
}

/// Stopping when the loss on the rows held out gets no better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStop {
    /// Epochs without a better loss, at least 1.
    pub patience: usize,
    /// By how much a loss must be lower to count as better, not negative.
    pub min_delta: f64,
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
        self.kind().is_variational() && self.observation.likelihood == Likelihood::Gaussian
    }

    /// The variance as it stands in these parameters, where it is learned.
    pub(crate) fn learned_variance(&self, parameters: &Parameters) -> candle_core::Result<Option<f64>> {
        match self.observation.variance {
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
    /// Steps in a pass over so many rows.
    pub(crate) fn steps_per_epoch(&self, rows: usize) -> u64 {
        rows.div_ceil(self.batch_size) as u64
    }

    /// The step sizes of a run over so many rows.
    pub(crate) fn pace(&self, rows: usize) -> Pace {
        let steps_per_epoch = self.steps_per_epoch(rows);
        Pace {
            schedule: self.schedule,
            peak: self.learning_rate,
            warmup_steps: self.warmup_steps,
            steps_per_epoch,
            total_steps: steps_per_epoch * self.epochs as u64,
        }
    }
}

/// Rows that a share holds out: rounded, at least one if the share is positive.
pub(crate) fn held_out(rows: usize, fraction: f64) -> usize {
    if fraction > 0.0 { ((rows as f64 * fraction).round() as usize).clamp(1, rows) } else { 0 }
}
