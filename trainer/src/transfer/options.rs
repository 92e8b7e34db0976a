//! What somebody asked of a transfer: every option may be left open.

use serde::{Deserialize, Serialize};

use super::{ClassWeights, Head, Task};
use crate::{
    ConfigError, Corruption, ScalePer, Schedule, Source,
    config::OptimizerName,
    options::{fields, parsed},
};

/// Options of a transfer as flags or a file give them; what is open is filled in by [`Config::check`].
///
/// A field is a key of a configuration file, a flag of the command line (with the feature `clap`), and what its
/// documentation says is the help of both.
///
/// [`Config::check`]: super::Config::check
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[serde(default)]
pub struct Options {
    /// Where data comes from.
    #[serde(flatten)]
    #[cfg_attr(feature = "clap", command(flatten))]
    pub source: Source,
    /// Learn from this share of the labels alone, of every class the same
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "SHARE", help_heading = "Data")
    )]
    pub label_fraction: Option<f64>,
    /// Learn from so many labels of every class alone
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "NUMBER", conflicts_with = "label_fraction", help_heading = "Data")
    )]
    pub labels_per_class: Option<usize>,

    /// What labels are: classification, or regression where they are numbers [default: classification]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "TASK", help_heading = "Head"))]
    pub task: Option<Task>,
    /// Layers on the code: linear, or mlp:128,64 with hidden layers of these widths [default: linear]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "LAYERS", help_heading = "Head"))]
    pub head: Option<Head>,
    /// Whether every number of a code is standardised by its own mean and deviation, or all by one: column or
    /// global [default: column]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHICH", help_heading = "Head"))]
    pub standardise: Option<ScalePer>,
    /// What a row of each class counts: equal, or balanced, so that rare classes count as much as frequent ones
    /// [default: equal]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "HOW", help_heading = "Head"))]
    pub class_weights: Option<ClassWeights>,
    /// Weight of half the squared weights of the head, beside the mean loss of a row [default: chosen on rows held
    /// out]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "WEIGHT", help_heading = "Head")
    )]
    pub weight_decay: Option<f64>,
    /// Nearest codes that are asked, for a figure without any head; 0 for none [default: 5]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Head"))]
    pub neighbours: Option<usize>,

    /// Whether the encoder learns too, once the head has settled [default: false]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = "Fine-tuning"))]
    pub fine_tune: Option<bool>,
    /// Whether --fine-tune forgets the encoder's weights and draws new ones: what the same network learns without
    /// them [default: false]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = "Fine-tuning"))]
    pub from_scratch: Option<bool>,
    /// Step size of the encoder at its highest [default: a tenth of the learning rate, and the learning rate
    /// --from-scratch]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "RATE", help_heading = "Fine-tuning")
    )]
    pub encoder_learning_rate: Option<f64>,
    /// What samples suffer while the encoder learns [default: nothing]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "masking:P|gaussian:SD|salt-pepper:P", help_heading = "Fine-tuning")
    )]
    pub corruption: Option<Corruption>,

    /// Passes over the rows at most: of a head with hidden layers, and of fine-tuning [default: 100, and 20]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", help_heading = "Training"))]
    pub epochs: Option<usize>,
    /// Rows in a step [default: 64]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "ROWS", help_heading = "Training"))]
    pub batch_size: Option<usize>,
    /// adam or sgd [default: adam]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Training"))]
    pub optimizer: Option<OptimizerName>,
    /// Step size at its highest [default: 0.001]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "RATE", help_heading = "Training")
    )]
    pub learning_rate: Option<f64>,
    /// Share of the velocity that a step keeps: sgd [default: 0.9]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "SHARE", help_heading = "Training")
    )]
    pub momentum: Option<f64>,
    /// How the step size goes on: constant, step:EPOCHS:FACTOR, cosine or one-cycle [default: constant]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SHAPE", help_heading = "Training"))]
    pub schedule: Option<Schedule>,
    /// Share of the labelled rows that is held out to stop by, of every class the same [default: 0.1, and 0 with
    /// --valid]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "clap",
        arg(long, allow_negative_numbers = true, value_name = "SHARE", help_heading = "Training")
    )]
    pub valid_fraction: Option<f64>,
    /// Stop after so many epochs without a lower loss on the rows held out, and go back to the best; 0 for never
    /// [default: 10 of a head, 5 of fine-tuning, 0 without rows held out]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "EPOCHS", help_heading = "Training"))]
    pub patience: Option<usize>,
    /// Seed of all randomness [default: 0]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64), help_heading = "Training"))]
    pub seed: Option<u64>,
}

fields![
    Options;
    label_fraction,
    labels_per_class,
    task,
    head,
    standardise,
    class_weights,
    weight_decay,
    neighbours,
    fine_tune,
    from_scratch,
    encoder_learning_rate,
    corruption,
    epochs,
    batch_size,
    optimizer,
    learning_rate,
    momentum,
    schedule,
    valid_fraction,
    patience,
    seed
];

impl Options {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once: what is no TOML, keys that are no options, values that an option
    /// cannot have.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let keys: Vec<&str> = Source::keys().chain(KEYS.iter().copied()).collect();
        parsed(text, &keys, "`narrows transfer --help` lists them all")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_flags_say_and_wrong_keys_are_told_with_the_right_ones() {
        let text = "data = \"mnist\"\nhead = \"mlp:64\"\nfine_tune = true\ncorruption = \"masking:0.25\"\n";
        let options = Options::from_toml(text).expect("known keys");
        assert_eq!(options.head, Some(Head::Mlp(vec![64])));
        assert_eq!((options.fine_tune, options.corruption), (Some(true), Some(Corruption::Masking(0.25))));
        let error = Options::from_toml("haed = \"linear\"\ntask = \"fog\"\n").expect_err("two mistakes").to_string();
        assert!(error.contains("did you mean `head`?") && error.contains("`task` cannot be"), "{error}");
    }
}
