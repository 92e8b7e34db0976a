//! The configuration of a training run: options that are checked against the data, with all defaults filled in.

mod check;
mod effective;
mod measured;
mod size;
mod table;

use std::sync::Arc;

use narrows_bundle::{Kind, Likelihood, Sample, Scaling};
use narrows_data::{DataError, Dataset, Part, Values};

pub(crate) use size::MOST_PARAMETERS;

use crate::{
    architecture::Architecture,
    augmentation::Augmenter,
    binarize::Binarize,
    candle::{Parameters, Rule},
    data_options::DataOptions,
    descent::{Computation, EarlyStop, Steps},
    kinds::{Objective, Pca},
    likelihood::OutputDistribution,
    moments::{LoadedMoments, sample_with},
    pretrain::Pretraining,
    sampler_option::ExportSampler,
    scaling::ScalingRule,
    schedule::LearningRate,
    split::{fitted, held_out, split},
    variance::{Variance, variance_of},
};

/// A checked configuration. [`fit`](crate::fit) accepts only this type, so that invalid settings cannot reach it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The data sets, as the options name them.
    #[doc(hidden)]
    pub data: DataOptions,
    /// Number of latent dimensions.
    #[doc(hidden)]
    pub latent_dim: usize,
    /// Likelihood and output link.
    #[doc(hidden)]
    pub output_distribution: OutputDistribution,
    /// The default likelihood of the kind for the data.
    #[doc(hidden)]
    pub default_likelihood: Likelihood,
    /// The moments of a larger data set, if they replace statistics of the training rows.
    #[doc(hidden)]
    pub moments: Option<Arc<LoadedMoments>>,
    /// Why the moments have no effect.
    #[doc(hidden)]
    pub moments_remark: Option<String>,
    /// How features are scaled before they enter the network.
    #[doc(hidden)]
    pub scaling: ScalingRule,
    /// Fraction of the training rows that is held out for validation, in `[0, 1)`.
    #[doc(hidden)]
    pub valid_fraction: f64,
    /// Random seed.
    #[doc(hidden)]
    pub seed: u64,
    /// How the weights are fitted.
    #[doc(hidden)]
    pub method: Method,
    /// The sampler that the export fits.
    #[doc(hidden)]
    pub sampler: ExportSampler,
    /// Why the default sampler is left out.
    #[doc(hidden)]
    pub sampler_remark: Option<String>,
}

/// The method that fits the weights.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "a run has only one method")]
pub enum Method {
    /// An eigenvalue decomposition.
    ClosedForm(Pca),
    /// Stochastic gradient descent.
    Descent(Descent),
}

/// Settings of a network and of its training by gradient descent.
#[derive(Debug, Clone, PartialEq)]
pub struct Descent {
    /// The objective that training minimises.
    pub objective: Objective,
    /// Weight of the L2 penalty, at least 0; 0 for no penalty.
    pub l2: f64,
    /// Augmentation of the training images, if enabled.
    pub augmentation: Option<Augmenter>,
    /// Whether and when samples are binarised.
    pub binarize: Binarize,
    /// Probability with which cells of a mixed table are masked; `None` for other data.
    pub masking: Option<f64>,
    /// The hidden layers.
    pub architecture: Architecture,
    /// Layer-wise pretraining, if enabled.
    pub pretraining: Option<Pretraining>,
    /// Number of epochs of the complete network, at least 1.
    pub epochs: usize,
    /// Batch size, gradient clipping and weight averaging.
    pub steps: Steps,
    /// The update rule of the optimizer.
    pub optimizer: Rule,
    /// The learning rate and its schedule.
    pub learning_rate: LearningRate,
    /// Where and how the training loop computes.
    pub computation: Computation,
    /// Early stopping, if enabled.
    pub early_stop: Option<EarlyStop>,
}

/// The position of an epoch in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochPlace {
    /// The layer that this epoch pretrains, from 1; `None` for the complete network.
    pub layer: Option<usize>,
    /// Number of the epoch, from 1, within the layer or the complete network.
    pub epoch: usize,
    /// Number of epochs of the layer or the complete network.
    pub epochs: usize,
}

impl Config {
    /// Returns the kind of the model.
    pub fn kind(&self) -> Kind {
        match &self.method {
            Method::ClosedForm(_) => Kind::Pca,
            Method::Descent(descent) => descent.objective.kind(),
        }
    }

    /// Returns the same configuration with this computation, if it is trained by gradient descent.
    pub(crate) fn computed_by(&self, computation: Computation) -> Self {
        let method = match &self.method {
            Method::ClosedForm(pca) => Method::ClosedForm(*pca),
            Method::Descent(descent) => Method::Descent(Descent { computation, ..descent.clone() }),
        };
        Config { method, ..self.clone() }
    }

    /// Returns warnings about settings that have no full effect in a run of this length.
    pub fn remarks(&self) -> Vec<String> {
        let divergence = match &self.method {
            Method::ClosedForm(_) => None,
            Method::Descent(descent) => {
                let divergence = descent.objective.model().divergence();
                divergence.and_then(|divergence| divergence.remark(descent.epochs))
            }
        };
        let others = [&self.moments_remark, &self.sampler_remark].into_iter().flatten().cloned();
        divergence.into_iter().chain(others).collect()
    }

    /// Returns the description of a sample for the manifest. Its range is that of the moments, if there are any.
    #[doc(hidden)]
    pub fn sample(&self, data: &Dataset) -> Sample {
        sample_with(data, self.moments.as_deref())
    }

    /// Fits the scaling: to the moments if there are any, or else to the training rows `rows`.
    pub(crate) fn fitted_scaling(&self, data: &Dataset, rows: &[usize]) -> Result<Scaling, DataError> {
        let sample = self.sample(data);
        match &self.moments {
            Some(loaded) => Ok(self.scaling.of_moments(&sample, &loaded.moments)),
            None => self.scaling.scaling(&sample, &data.train.values, rows),
        }
    }

    /// Returns whether the option of the variance has an effect: on all values, or on the numbers of a mixed table.
    pub(crate) fn takes_variance(&self) -> bool {
        self.has_variance()
            || (self.kind().is_variational() && self.output_distribution.likelihood == Likelihood::Columns)
    }

    /// Returns whether the loss depends on one variance of all values.
    pub(crate) fn has_variance(&self) -> bool {
        self.kind().is_variational() && self.output_distribution.likelihood == Likelihood::Gaussian
    }

    /// Returns the current value of a learned variance; `None` if the variance is fixed or has no effect.
    pub(crate) fn learned_variance(&self, parameters: &Parameters) -> candle_core::Result<Option<f64>> {
        match self.output_distribution.variance {
            Variance::Learned if self.has_variance() => {
                Ok(Some(variance_of(Variance::Learned, &parameters.to_weights()?)))
            }
            Variance::Learned | Variance::Fixed(_) => Ok(None),
        }
    }

    /// Returns how many of the training rows are fitted, without the rows held out for validation and, of windows,
    /// those that overlap them.
    pub fn fitted_rows(&self, training: &Values) -> usize {
        fitted(training, self.valid_fraction)
    }

    /// Returns the rows of the training part that are fitted and those that are held out for validation, as indices in
    /// ascending order.
    pub fn split(&self, training: &Part) -> (Vec<usize>, Vec<usize>) {
        split(training, self.valid_fraction, self.seed)
    }

    /// Returns how many of the training rows are held out for validation.
    pub fn held_out_rows(&self, training: &Values) -> usize {
        held_out(training.rows(), self.valid_fraction)
    }
}

impl Descent {
    /// Returns the number of layers that are pretrained: the hidden layers and the code layer, or 0 without
    /// pretraining.
    pub fn pretrained_layers(&self) -> usize {
        self.pretraining.map_or(0, |_| self.architecture.hidden.len() + 1)
    }

    /// Returns the number of pretraining epochs of all layers together.
    pub fn pretraining_epochs(&self) -> usize {
        self.pretraining.map_or(0, |pretraining| pretraining.epochs * self.pretrained_layers())
    }

    /// Returns the number of epochs of the run, pretraining included, if the run does not stop early.
    pub fn all_epochs(&self) -> usize {
        self.pretraining_epochs() + self.epochs
    }

    /// Returns the position of an epoch of the run; `epoch` counts from 1, pretraining included.
    pub fn place_of(&self, epoch: usize) -> EpochPlace {
        match (self.pretraining, epoch.checked_sub(1)) {
            (Some(Pretraining { epochs, .. }), Some(completed)) if completed < self.pretraining_epochs() => {
                EpochPlace { layer: Some(completed / epochs + 1), epoch: completed % epochs + 1, epochs }
            }
            _ => {
                EpochPlace { layer: None, epoch: epoch.saturating_sub(self.pretraining_epochs()), epochs: self.epochs }
            }
        }
    }
}
