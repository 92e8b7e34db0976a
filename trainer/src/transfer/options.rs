//! The options of a transfer; all of them are optional.

use super::{ClassWeights, Head, Task};
#[cfg(feature = "clap")]
use crate::options::seeds;
use crate::{
    ConfigError, DataOptions, ScalePer,
    augmentation::AugmentationOptions,
    descent::{StepOptions, StoppingOptions},
    kinds::CorruptionOptions,
    optimizer::{AdamWOptions, OptimizerOptions, RuleOptions},
    options::{Group, option_groups, options, parsed, written},
    schedule::ScheduleOptions,
    split::SplitOptions,
};

options! {
    /// Labels to train on.
    pub struct BudgetOptions in "Data" {
        /// Train on this fraction of the labels, in (0, 1], stratified by class [default: all labels]
        #[flag(value_name = "FRACTION")]
        pub label_fraction: f64 = 0.1,
        /// Train on this number of labels per class [default: all labels]
        #[flag(value_name = "NUMBER", conflicts_with = "label_fraction")]
        pub labels_per_class: usize = 10,
    }
}

options! {
    /// The head that is trained on the codes.
    pub struct HeadOptions in "Head" {
        /// Task of the head: classification, or regression for numeric labels [default: classification]
        #[flag(value_name = "TASK")]
        pub task: Task = Task::Classification,
        /// Head on the codes: linear, or mlp:128,64 with hidden layers of these widths [default: linear]
        #[flag(value_name = "LAYERS")]
        pub head: Head = Head::Mlp(vec![128, 64]),
        /// Standardisation of the codes: column (mean and standard deviation of each latent dimension) or global (one
        /// mean and standard deviation for all dimensions) [default: column]
        #[flag(value_name = "column|global")]
        pub standardise: ScalePer = ScalePer::Global,
        /// Class weights in the loss: equal (every row counts the same) or balanced (every class counts the same)
        /// [default: equal]
        #[flag(value_name = "equal|balanced")]
        pub class_weights: ClassWeights = ClassWeights::Balanced,
        /// L2 penalty on the head: weight of half the sum of its squared weights, added to the mean loss per row
        /// [default: chosen on validation rows]
        #[flag(value_name = "WEIGHT")]
        pub weight_decay: f64 = 0.01,
        /// Number of neighbours of a nearest-neighbour baseline on the codes; 0 disables it [default: 5]
        #[flag(value_name = "NUMBER")]
        pub neighbours: usize = 5,
    }
}

options! {
    /// Fine-tuning of the encoder.
    pub struct TuningOptions in "Fine-tuning" {
        /// Fine-tune the encoder together with the head, after the head alone is trained [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub fine_tune: bool = true,
        /// Reinitialise the encoder before --fine-tune: a baseline that trains the same network without the pretrained
        /// weights [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub from_scratch: bool = true,
        /// Peak learning rate of the encoder, with --fine-tune [default: a tenth of --learning-rate, or --learning-rate
        /// with --from-scratch]
        #[flag(value_name = "RATE")]
        pub encoder_learning_rate: f64 = 0.0001,
    }
}

options! {
    /// Length of training.
    pub struct TuningLengthOptions in "Training" {
        /// Maximum number of epochs, for a head with hidden layers and for --fine-tune [default: 100, or 20 with
        /// --fine-tune]
        #[flag(value_name = "NUMBER")]
        pub epochs: usize = 20,
    }
}

option_groups! {
    /// Options of transfer learning, from flags or a file; [`Config::check`] fills in the defaults.
    ///
    /// A field is a key of the configuration file and, with the feature `clap`, a command-line flag. Its documentation
    /// is the help text of both.
    ///
    /// [`Config::check`]: super::Config::check
    pub struct Options {
        @own
        @groups
        /// The data sets.
        pub data: DataOptions,
        /// Labels to train on.
        pub budget: BudgetOptions,
        /// The validation split.
        pub split: SplitOptions,
        /// The head.
        pub head: HeadOptions,
        /// Fine-tuning of the encoder.
        pub tuning: TuningOptions,
        /// Augmentation of the training images during fine-tuning.
        pub augmentation: AugmentationOptions,
        /// Corruption of the encoder's input during fine-tuning.
        pub corruption: CorruptionOptions,
        /// Length of training.
        pub length: TuningLengthOptions,
        /// Batch size, gradient clipping and weight averaging.
        pub steps: StepOptions,
        /// The optimizer.
        pub optimizer: OptimizerOptions,
        /// The learning-rate schedule.
        pub schedule: ScheduleOptions,
        /// Early stopping.
        pub stopping: StoppingOptions,
        @own
        /// Random seed, below 2^63 [default: 0]
        #[cfg_attr(
            feature = "clap",
            arg(
                long,
                allow_negative_numbers = true,
                value_name = "NUMBER",
                value_parser = seeds(),
                help_heading = "Training"
            )
        )]
        pub seed: Option<u64> = 0,
        @groups
    }
}

impl Options {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once: invalid TOML, unknown keys and invalid values.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_toml_with(text, &[])
    }

    /// Reads a configuration file that may also have the keys `flags`, which are no options and are left out.
    ///
    /// # Errors
    /// Those of [`Options::from_toml`].
    pub fn from_toml_with(text: &str, flags: &[&str]) -> Result<Self, ConfigError> {
        parsed(text, &Self::keys(), flags, "`narrows config transfer` lists them all")
    }

    /// Writes these options as a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] for a number that TOML cannot represent: 2^63 or more.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        written(self)
    }

    /// Returns the keys of all options, in the order of their declaration.
    pub fn keys() -> Vec<&'static str> {
        <Self as Group>::keys()
    }

    /// Sets every option to a valid value, to show its syntax.
    pub fn example() -> Self {
        Group::example()
    }

    /// Returns the options that are set, by key.
    pub fn fields(&self) -> toml::Table {
        toml::Table::try_from(self).unwrap_or_default()
    }

    /// Returns these options, completed by those of `other` where an option is not set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Group::or(self, other)
    }

    /// Returns the options of the update rule. AdamW's weight decay is left out: the head has its own `weight_decay`.
    pub(super) fn rule(&self) -> RuleOptions<'_> {
        RuleOptions { optimizer: &self.optimizer, adamw: &AdamWOptions { weight_decay: None } }
    }

    /// Returns the keys of the options that are set and only apply to gradient descent.
    pub(super) fn set_for_descent(&self) -> Vec<String> {
        let keys = [
            TuningLengthOptions::keys(),
            StepOptions::keys(),
            OptimizerOptions::keys(),
            ScheduleOptions::keys(),
            StoppingOptions::keys(),
            SplitOptions::keys(),
        ];
        self.set(&keys.concat())
    }

    /// Returns the keys of the optimizer options that are set.
    pub(super) fn set_for_optimizers(&self) -> Vec<String> {
        self.set(&OptimizerOptions::keys())
    }

    /// Returns those of `keys` whose options are set.
    fn set(&self, keys: &[&str]) -> Vec<String> {
        let fields = toml::Table::try_from(self).unwrap_or_default();
        keys.iter().filter(|key| fields.contains_key(**key)).map(|key| (*key).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Corruption;

    #[test]
    fn file_sets_the_options_and_a_wrong_key_is_reported_with_a_suggestion() {
        let text = "data = \"mnist\"\nhead = \"mlp:64\"\nfine_tune = true\ncorruption = \"masking:0.25\"\n";
        let options = Options::from_toml(text).expect("known keys");
        assert_eq!(options.head.head, Some(Head::Mlp(vec![64])));
        let (tuned, corruption) = (options.tuning.fine_tune, options.corruption.corruption);
        assert_eq!((tuned, corruption), (Some(true), Some(Corruption::Masking(0.25))));
        let with_flags = Options::from_toml_with("out = \"m\"\nseed = 3\n", &["out"]).expect("a known flag");
        assert_eq!(with_flags.seed, Some(3));
        let error = Options::from_toml("haed = \"linear\"\ntask = \"fog\"\n").expect_err("two mistakes").to_string();
        assert!(error.contains("did you mean `head`?") && error.contains("`task` cannot be"), "{error}");
    }
}
