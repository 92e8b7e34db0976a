//! Which optimizer, and the options of each.

use std::{fmt, str::FromStr};

use crate::{
    Problem,
    candle::Rule,
    options::{option_groups, options, takes},
    problems::Problems,
    text::as_text,
};

options! {
    /// Options of stochastic gradient descent.
    pub struct SgdOptions in "Training" {
        /// Share of the velocity that each step keeps: sgd [default: 0.9]
        #[flag(value_name = "SHARE")]
        pub momentum: f64 = 0.9,
        /// Whether sgd uses Nesterov momentum [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub nesterov: bool = true,
    }
}

options! {
    /// Options of Adam and AdamW.
    pub struct AdamOptions in "Training" {
        /// Decay of the running mean of the gradients: adam, adamw [default: 0.9]
        #[flag(value_name = "DECAY")]
        pub beta1: f64 = 0.9,
        /// Decay of the running mean of the squared gradients: adam, adamw [default: 0.999]
        #[flag(value_name = "DECAY")]
        pub beta2: f64 = 0.999,
        /// Added to the root of the mean square: adam, adamw [default: 1e-8]
        #[flag(value_name = "NUMBER")]
        pub epsilon: f64 = 1e-8,
    }
}

options! {
    /// Options of AdamW alone.
    pub struct AdamWOptions in "Training" {
        /// Share of each weight that a step of size 1 removes: adamw [default: 0.01]
        #[flag(value_name = "SHARE")]
        pub weight_decay: f64 = 0.01,
    }
}

option_groups! {
    /// Which optimizer trains, and the options of each.
    pub struct OptimizerOptions {
        @own
        /// Optimizer: adam, adamw or sgd; for the head of a transfer adam or sgd [default: adam]
        #[cfg_attr(feature = "clap", arg(long, value_name = "NAME", help_heading = "Training"))]
        pub optimizer: Option<OptimizerName> = OptimizerName::Adam,
        @groups
        /// Stochastic gradient descent.
        pub sgd: SgdOptions,
        /// Adam and AdamW.
        pub adam: AdamOptions,
    }
}

takes! {
    /// What SGD takes.
    struct Sgd { sgd: SgdOptions }
}

takes! {
    /// What Adam takes.
    struct Adam { adam: AdamOptions }
}

takes! {
    /// What AdamW takes.
    struct AdamW { adam: AdamOptions, adamw: AdamWOptions }
}

takes! {
    /// What makes an update rule: an optimizer with its options, and the weight decay of AdamW.
    pub(crate) struct RuleOptions { optimizer: OptimizerOptions, adamw: AdamWOptions }
}

/// The optimizers by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptimizerName {
    /// Adam (Kingma and Ba 2015).
    Adam,
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019).
    AdamW,
    /// Stochastic gradient descent, with momentum.
    Sgd,
}

impl OptimizerName {
    /// Every one of them.
    pub const ALL: [OptimizerName; 3] = [OptimizerName::Adam, OptimizerName::AdamW, OptimizerName::Sgd];

    /// The keys of the options that it takes.
    pub(crate) fn keys(self) -> Vec<&'static str> {
        match self {
            OptimizerName::Adam => Adam::keys(),
            OptimizerName::AdamW => AdamW::keys(),
            OptimizerName::Sgd => Sgd::keys(),
        }
    }

    /// What is wrong with setting an option that other optimizers take, if anything.
    pub(crate) fn not_taken(self, key: &str) -> Option<Problem> {
        let taking: Vec<_> = Self::ALL.into_iter().filter(|name| name.keys().contains(&key)).collect();
        if taking.is_empty() || taking.contains(&self) {
            return None;
        }
        let names: Vec<String> = taking.iter().map(ToString::to_string).collect();
        Some(Problem::new(key, format!("is an option of {}, not of {self}", names.join(", "))))
    }
}

impl OptimizerOptions {
    /// The optimizer that is meant.
    pub(crate) fn name(&self) -> OptimizerName {
        self.optimizer.unwrap_or(OptimizerName::Adam)
    }
}

impl RuleOptions<'_> {
    /// The update rule that these options make, with the usual constants where they leave something open.
    pub(crate) fn check(&self, problems: &mut Problems) -> Rule {
        let RuleOptions { optimizer, adamw } = *self;
        let OptimizerOptions { sgd, adam, .. } = optimizer;
        match optimizer.name() {
            OptimizerName::Adam => Adam { adam }.rule(problems),
            OptimizerName::AdamW => AdamW { adam, adamw }.rule(problems),
            OptimizerName::Sgd => Sgd { sgd }.rule(problems),
        }
    }
}

impl Sgd<'_> {
    fn rule(&self, problems: &mut Problems) -> Rule {
        let momentum = problems.share("momentum", self.sgd.momentum.unwrap_or(0.9));
        let nesterov = self.sgd.nesterov.unwrap_or(false);
        if nesterov && momentum == 0.0 {
            problems.add("nesterov", "needs momentum");
        }
        Rule::Sgd { momentum, nesterov }
    }
}

impl Adam<'_> {
    fn rule(&self, problems: &mut Problems) -> Rule {
        let (beta1, beta2, epsilon) = self.adam.check(problems);
        Rule::Adam { beta1, beta2, epsilon }
    }
}

impl AdamW<'_> {
    fn rule(&self, problems: &mut Problems) -> Rule {
        let (beta1, beta2, epsilon) = self.adam.check(problems);
        let weight_decay = problems.not_negative("weight_decay", "share", self.adamw.weight_decay.unwrap_or(0.01));
        Rule::AdamW { beta1, beta2, epsilon, weight_decay }
    }
}

impl AdamOptions {
    /// `beta1`, `beta2` and `epsilon`.
    fn check(&self, problems: &mut Problems) -> (f64, f64, f64) {
        (
            problems.share("beta1", self.beta1.unwrap_or(0.9)),
            problems.share("beta2", self.beta2.unwrap_or(0.999)),
            problems.positive("epsilon", self.epsilon.unwrap_or(1e-8)),
        )
    }

    fn of(beta1: f64, beta2: f64, epsilon: f64) -> Self {
        AdamOptions { beta1: Some(beta1), beta2: Some(beta2), epsilon: Some(epsilon) }
    }
}

/// The options that make this rule, with nothing left open.
pub(crate) fn options_of(rule: Rule) -> (OptimizerOptions, AdamWOptions) {
    let (mut sgd, mut adam, mut adamw) = (SgdOptions::default(), AdamOptions::default(), AdamWOptions::default());
    let name = match rule {
        Rule::Sgd { momentum, nesterov } => {
            sgd = SgdOptions { momentum: Some(momentum), nesterov: Some(nesterov) };
            OptimizerName::Sgd
        }
        Rule::Adam { beta1, beta2, epsilon } => {
            adam = AdamOptions::of(beta1, beta2, epsilon);
            OptimizerName::Adam
        }
        Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
            (adam, adamw) = (AdamOptions::of(beta1, beta2, epsilon), AdamWOptions { weight_decay: Some(weight_decay) });
            OptimizerName::AdamW
        }
    };
    (OptimizerOptions { optimizer: Some(name), sgd, adam }, adamw)
}

as_text!(OptimizerName);

impl fmt::Display for OptimizerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            OptimizerName::Adam => "adam",
            OptimizerName::AdamW => "adamw",
            OptimizerName::Sgd => "sgd",
        })
    }
}

impl FromStr for OptimizerName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = OptimizerName::ALL.into_iter().find(|name| name.to_string() == text);
        found.ok_or_else(|| format!("`{text}` is not an optimizer: choose one of adam, adamw, sgd"))
    }
}
