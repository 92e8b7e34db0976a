//! A transfer that can work: options, checked against the bundle and the data.

use std::{fmt, str::FromStr};

use super::{
    Head, Options, Task,
    options::{HeadOptions, TuningLengthOptions, TuningOptions},
};
use crate::{
    Corruption, ScalePer,
    candle::Rule,
    descent::{EarlyStop, Steps},
    kinds::CorruptionOptions,
    optimizer::options_of,
    schedule::LearningRate,
    split::SplitOptions,
    text::as_text,
};

/// What a row of each class counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassWeights {
    /// As much as any other.
    #[default]
    Equal,
    /// The more the rarer its class, so that all classes count alike.
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
            _ => Err(format!("`{text}` are no class weights: write equal or balanced")),
        }
    }
}

/// Which of the labels are learned from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// All.
    All,
    /// A share of every class, in (0, 1].
    Share(f64),
    /// So many of every class, at least 1.
    PerClass(usize),
}

/// A checked transfer. [`fit`](super::fit) takes nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// What is learned.
    pub task: Task,
    /// The layers on the code.
    pub head: Head,
    /// How codes are standardised.
    pub standardise: ScalePer,
    /// What classes count.
    pub class_weights: ClassWeights,
    /// Not negative; chosen where it is open.
    pub weight_decay: Option<f64>,
    /// Nearest codes that are asked; 0 for none.
    pub neighbours: usize,
    /// Which labels are learned from.
    pub budget: Budget,
    /// Whether the encoder learns.
    pub tuning: Option<Tuning>,
    /// How gradient descent goes, of hidden layers and of fine-tuning.
    pub descent: Descent,
    /// Share of the labelled rows that is held out to stop by, in `[0, 1)`.
    pub valid_fraction: f64,
    /// Seed of all randomness.
    pub seed: u64,
}

/// How the encoder learns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Where its weights begin.
    pub start: Start,
    /// Its steps in units of those of the head.
    pub rate_factor: f64,
    /// What samples suffer.
    pub corruption: Option<Corruption>,
}

/// Where the weights of an encoder that learns begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With those of the bundle, under a head that has settled on them.
    Bundle,
    /// With fresh ones, under a fresh head.
    Scratch,
}

/// Gradient descent over labelled rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Descent {
    /// Epochs at most, at least 1.
    pub epochs: usize,
    /// What a step is.
    pub steps: Steps,
    /// How a gradient becomes a step.
    pub rule: Rule,
    /// The learning rate of each step.
    pub learning_rate: LearningRate,
    /// When to stop before the last epoch.
    pub early_stop: Option<EarlyStop>,
}

impl Config {
    /// Everything that was chosen, as a configuration file would say it.
    pub fn effective(&self, options: &Options) -> Options {
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
                from_scratch: self.tuning.map(|tuning| tuning.start == Start::Scratch),
                encoder_learning_rate: self.tuning.map(|tuning| tuning.rate_factor * self.descent.learning_rate.peak),
            },
            corruption: CorruptionOptions { corruption: self.tuning.and_then(|tuning| tuning.corruption) },
            seed: Some(self.seed),
            data: options.data.without_folders(),
            ..Options::default()
        };
        if self.tuning.is_none() && self.head.hidden().is_empty() {
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
