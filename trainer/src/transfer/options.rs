//! The options of a transfer: every one may be left open.

use super::{ClassWeights, Head, Task};
#[cfg(feature = "clap")]
use crate::options::seeds;
use crate::{
    ConfigError, DataOptions, ScalePer,
    descent::{StepOptions, StoppingOptions},
    kinds::CorruptionOptions,
    optimizer::{AdamWOptions, OptimizerOptions, RuleOptions},
    options::{Group, option_groups, options, parsed},
    schedule::ScheduleOptions,
    split::SplitOptions,
};

options! {
    /// Which labels are learned from.
    pub struct BudgetOptions in "Data" {
        /// Learn from this share of the labels only, the same share of each class
        #[flag(value_name = "SHARE")]
        pub label_fraction: f64 = 0.1,
        /// Learn from this many labels of each class only
        #[flag(value_name = "NUMBER", conflicts_with = "label_fraction")]
        pub labels_per_class: usize = 10,
    }
}

options! {
    /// The layers on the code.
    pub struct HeadOptions in "Head" {
        /// What labels are: classification, or regression where they are numbers [default: classification]
        #[flag(value_name = "TASK")]
        pub task: Task = Task::Classification,
        /// Layers on the code: linear, or mlp:128,64 with hidden layers of these widths [default: linear]
        #[flag(value_name = "LAYERS")]
        pub head: Head = Head::Mlp(vec![128, 64]),
        /// Whether each dimension of the code is standardised by its own mean and standard deviation, or all by one:
        /// column or global [default: column]
        #[flag(value_name = "WHICH")]
        pub standardise: ScalePer = ScalePer::Global,
        /// Weight of a row of each class: equal, or balanced, so that rare classes count as much as frequent ones
        /// [default: equal]
        #[flag(value_name = "HOW")]
        pub class_weights: ClassWeights = ClassWeights::Balanced,
        /// Weight of half the squared weights of the head, added to the mean loss of a row [default: chosen on rows
        /// held out]
        #[flag(value_name = "WEIGHT")]
        pub weight_decay: f64 = 0.01,
        /// Nearest codes that vote in a figure without any head; 0 for none [default: 5]
        #[flag(value_name = "NUMBER")]
        pub neighbours: usize = 5,
    }
}

options! {
    /// Whether and how the encoder is trained too.
    pub struct TuningOptions in "Fine-tuning" {
        /// Whether the encoder is trained too, once the head has settled [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub fine_tune: bool = true,
        /// Whether --fine-tune discards the encoder's weights and draws new ones: what the same network learns without
        /// them [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub from_scratch: bool = true,
        /// Learning rate of the encoder at its highest [default: a tenth of --learning-rate, and --learning-rate
        /// itself with --from-scratch]
        #[flag(value_name = "RATE")]
        pub encoder_learning_rate: f64 = 0.0001,
    }
}

options! {
    /// How long gradient descent lasts.
    pub struct TuningLengthOptions in "Training" {
        /// Epochs at most, for a head with hidden layers and for --fine-tune [default: 100, and 20 with --fine-tune]
        #[flag(value_name = "NUMBER")]
        pub epochs: usize = 20,
    }
}

option_groups! {
    /// Options of a transfer as flags or a file give them; what is open is filled in by [`Config::check`].
    ///
    /// A field is a key of a configuration file, a flag of the command line (with the feature `clap`), and what its
    /// documentation says is the help of both.
    ///
    /// [`Config::check`]: super::Config::check
    pub struct Options {
        @own
        @groups
        /// Where data comes from.
        pub data: DataOptions,
        /// Which labels are learned from.
        pub budget: BudgetOptions,
        /// How many rows are held out.
        pub split: SplitOptions,
        /// The layers on the code.
        pub head: HeadOptions,
        /// Whether and how the encoder is trained too.
        pub tuning: TuningOptions,
        /// How samples are corrupted while the encoder is trained.
        pub corruption: CorruptionOptions,
        /// How long gradient descent lasts.
        pub length: TuningLengthOptions,
        /// What a training step is.
        pub steps: StepOptions,
        /// Which optimizer trains.
        pub optimizer: OptimizerOptions,
        /// How the learning rate changes.
        pub schedule: ScheduleOptions,
        /// When training stops early.
        pub stopping: StoppingOptions,
        @own
        /// Seed of all randomness [default: 0]
        #[cfg_attr(feature = "clap", arg(long, value_name = "NUMBER", value_parser = seeds(), help_heading = "Training"))]
        pub seed: Option<u64> = 0,
        @groups
    }
}

impl Options {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`] with all problems at once: what is no TOML, keys that are no options, values that an option
    /// cannot have.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        parsed(text, &<Self as Group>::keys(), "`narrows transfer --help` lists them all")
    }

    /// These options, and those of `other` where nothing is set here.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Group::or(self, other)
    }

    /// The options that make the update rule; the head's weights decay by its own `weight_decay`.
    pub(super) fn rule(&self) -> RuleOptions<'_> {
        RuleOptions { optimizer: &self.optimizer, adamw: &AdamWOptions { weight_decay: None } }
    }

    /// The keys of options that are set, of those that only gradient descent takes.
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

    /// The keys of options that are set, of those that single optimizers take.
    pub(super) fn set_for_optimizers(&self) -> Vec<String> {
        self.set(&OptimizerOptions::keys())
    }

    /// Those of these keys that are set.
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
    fn a_file_says_what_flags_say_and_wrong_keys_are_told_with_the_right_ones() {
        let text = "data = \"mnist\"\nhead = \"mlp:64\"\nfine_tune = true\ncorruption = \"masking:0.25\"\n";
        let options = Options::from_toml(text).expect("known keys");
        assert_eq!(options.head.head, Some(Head::Mlp(vec![64])));
        let (tuned, corruption) = (options.tuning.fine_tune, options.corruption.corruption);
        assert_eq!((tuned, corruption), (Some(true), Some(Corruption::Masking(0.25))));
        let error = Options::from_toml("haed = \"linear\"\ntask = \"fog\"\n").expect_err("two mistakes").to_string();
        assert!(error.contains("did you mean `head`?") && error.contains("`task` cannot be"), "{error}");
    }
}
