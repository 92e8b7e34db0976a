//! The checked configuration of a transfer, valid for the bundle and the data.

use std::{fmt, str::FromStr};

use super::{
    Head, Options, Task,
    options::{HeadOptions, TuningLengthOptions, TuningOptions},
};
use crate::{
    Corruption, ScalePer,
    augmentation::Augmenter,
    candle::Rule,
    descent::{EarlyStop, Steps},
    kinds::CorruptionOptions,
    optimizer::options_of,
    schedule::LearningRate,
    split::SplitOptions,
    text::as_text,
};

/// Weights of the classes in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassWeights {
    /// Each row has the same weight.
    #[default]
    Equal,
    /// Each class has the same total weight, so rows of rare classes weigh more.
    Balanced,
}

as_text!(ClassWeights);

impl fmt::Display for ClassWeights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ClassWeights::Equal => "equal",
            ClassWeights::Balanced => "balanced",
        })
    }
}

impl FromStr for ClassWeights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "equal" => Ok(ClassWeights::Equal),
            "balanced" => Ok(ClassWeights::Balanced),
            _ => Err(format!("`{text}` is not a kind of class weights: write equal or balanced")),
        }
    }
}

/// The labels to train on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// All labels.
    All,
    /// A fraction of the labels of each class, in (0, 1].
    Fraction(f64),
    /// A number of labels per class, at least 1.
    PerClass(usize),
}

/// Checked configuration of a transfer, the input of [`fit`](super::fit).
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Task of the head.
    #[doc(hidden)]
    pub task: Task,
    /// Names of the targets of a regression; a single target has an empty name.
    #[doc(hidden)]
    pub targets: Vec<String>,
    /// Layers of the head.
    #[doc(hidden)]
    pub head: Head,
    /// Standardisation of the codes.
    #[doc(hidden)]
    pub standardise: ScalePer,
    /// Class weights in the loss.
    #[doc(hidden)]
    pub class_weights: ClassWeights,
    /// Weight decay of the head, not negative; `None` to choose it on held-out rows.
    #[doc(hidden)]
    pub weight_decay: Option<f64>,
    /// Number of neighbours of the nearest-neighbour baseline; 0 disables it.
    #[doc(hidden)]
    pub neighbours: usize,
    /// The labels to train on.
    #[doc(hidden)]
    pub budget: Budget,
    /// Fine-tuning of the encoder; `None` for a frozen encoder.
    #[doc(hidden)]
    pub tuning: Option<Tuning>,
    /// Gradient descent, for heads with hidden layers and for fine-tuning.
    #[doc(hidden)]
    pub descent: Descent,
    /// Fraction of the labelled rows that is held out for early stopping, in `[0, 1)`.
    #[doc(hidden)]
    pub valid_fraction: f64,
    /// Seed of all randomness.
    #[doc(hidden)]
    pub seed: u64,
}

/// Settings of fine-tuning.
#[derive(Debug, Clone, PartialEq)]
pub struct Tuning {
    /// Initial weights of the encoder.
    pub start: Start,
    /// Learning rate of the encoder divided by that of the head.
    pub rate_factor: f64,
    /// Augmentation of the training images, if enabled.
    pub augmentation: Option<Augmenter>,
    /// Corruption of the training samples.
    pub corruption: Option<Corruption>,
}

/// Initial weights of the encoder for fine-tuning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The weights of the bundle, with a head that is fitted on the frozen codes first.
    Bundle,
    /// Random weights, with a randomly initialised head.
    Scratch,
}

/// Settings of gradient descent on labelled rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// Maximum number of epochs, at least 1.
    pub epochs: usize,
    /// Batch size, gradient clipping and weight averaging.
    pub steps: Steps,
    /// Update rule of the optimizer.
    pub rule: Rule,
    /// Learning-rate schedule.
    pub learning_rate: LearningRate,
    /// Early stopping; `None` to train for all epochs.
    pub early_stop: Option<EarlyStop>,
}

impl Config {
    /// Whether something is trained by gradient descent: a head with hidden layers, or the encoder. A linear head on a
    /// frozen encoder is not.
    pub fn uses_gradient_descent(&self) -> bool {
        self.tuning.is_some() || !self.head.hidden().is_empty()
    }

    /// Returns all chosen settings as options of a configuration file.
    pub fn effective(&self, options: &Options) -> Options {
        let tuning = self.tuning.as_ref();
        let chosen = Options {
            head: HeadOptions {
                task: Some(self.task),
                head: Some(self.head.clone()),
                standardise: Some(self.standardise),
                class_weights: (self.task == Task::Classification).then_some(self.class_weights),
                weight_decay: options.head.weight_decay,
                neighbours: Some(self.neighbours),
            },
            budget: options.budget.clone(),
            tuning: TuningOptions {
                fine_tune: Some(self.tuning.is_some()),
                from_scratch: tuning.map(|tuning| tuning.start == Start::Scratch),
                encoder_learning_rate: tuning.map(|tuning| tuning.rate_factor * self.descent.learning_rate.peak),
            },
            augmentation: Augmenter::options(tuning.and_then(|tuning| tuning.augmentation.as_ref())),
            corruption: CorruptionOptions { corruption: tuning.and_then(|tuning| tuning.corruption) },
            seed: Some(self.seed),
            data: options.data.without_folders(),
            ..Options::default()
        };
        if !self.uses_gradient_descent() {
            return chosen;
        }
        let Descent { epochs, steps, rule, learning_rate, early_stop } = self.descent;
        let (optimizer, _) = options_of(rule);
        Options {
            length: TuningLengthOptions { epochs: Some(epochs) },
            steps: steps.options(),
            schedule: learning_rate.options(),
            optimizer,
            split: SplitOptions { valid_fraction: Some(self.valid_fraction) },
            stopping: EarlyStop::options(early_stop),
            ..chosen
        }
    }
}
