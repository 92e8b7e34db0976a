//! The optimizers and their options.

use std::{fmt, str::FromStr};

use crate::{
    Problem,
    candle::Rule,
    options::{option_groups, options, takes},
    problems::Problems,
    text::as_text,
};

options! {
    /// Stochastic gradient descent.
    pub struct SgdOptions in "Training" {
        /// Momentum factor, in [0, 1) (sgd) [default: 0.9]
        #[flag(value_name = "FACTOR")]
        pub momentum: f64 = 0.9,
        /// Use Nesterov momentum (sgd) [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub nesterov: bool = true,
    }
}

options! {
    /// Adam and AdamW.
    pub struct AdamOptions in "Training" {
        /// Decay rate of the running mean of the gradient, in [0, 1) (adam, adamw) [default: 0.9]
        #[flag(value_name = "DECAY")]
        pub beta1: f64 = 0.9,
        /// Decay rate of the running mean of the squared gradient, in [0, 1) (adam, adamw) [default: 0.999]
        #[flag(value_name = "DECAY")]
        pub beta2: f64 = 0.999,
        /// Term added to the denominator for numerical stability (adam, adamw) [default: 1e-8]
        #[flag(value_name = "NUMBER")]
        pub epsilon: f64 = 1e-8,
    }
}

options! {
    /// AdamW only.
    pub struct AdamWOptions in "Training" {
        /// Decoupled weight decay: each step multiplies the weights by 1 - learning rate * DECAY (adamw)
        /// [default: 0.01]
        #[flag(value_name = "DECAY")]
        pub weight_decay: f64 = 0.01,
    }
}

option_groups! {
    /// The optimizer and the options of each one.
    pub struct OptimizerOptions {
        @own
        /// Optimizer: adam, adamw or sgd [default: adam]
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
    /// The options of SGD.
    struct Sgd { sgd: SgdOptions }
}

takes! {
    /// The options of Adam.
    struct Adam { adam: AdamOptions }
}

takes! {
    /// The options of AdamW.
    struct AdamW { adam: AdamOptions, adamw: AdamWOptions }
}

takes! {
    /// The options of an update rule: the optimizer with its options, and the weight decay of AdamW.
    pub(crate) struct RuleOptions { optimizer: OptimizerOptions, adamw: AdamWOptions }
}

/// The name of an optimizer.
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
    /// All optimizers.
    pub const ALL: [OptimizerName; 3] = [OptimizerName::Adam, OptimizerName::AdamW, OptimizerName::Sgd];

    /// Returns the keys of the options that this optimizer takes.
    pub(crate) fn keys(self) -> Vec<&'static str> {
        match self {
            OptimizerName::Adam => Adam::keys(),
            OptimizerName::AdamW => AdamW::keys(),
            OptimizerName::Sgd => Sgd::keys(),
        }
    }

    /// Returns a problem if only other optimizers take the option `key`.
    pub(crate) fn not_taken(self, key: &str) -> Option<Problem> {
        let takers: Vec<_> = Self::ALL.into_iter().filter(|name| name.keys().contains(&key)).collect();
        if takers.is_empty() || takers.contains(&self) {
            return None;
        }
        let names: Vec<String> = takers.iter().map(ToString::to_string).collect();
        Some(Problem::new(key, format!("is an option of {}, not of {self}", names.join(", "))))
    }
}

impl OptimizerOptions {
    /// Returns the selected optimizer, or Adam by default.
    pub(crate) fn name(&self) -> OptimizerName {
        self.optimizer.unwrap_or(OptimizerName::Adam)
    }
}

impl RuleOptions<'_> {
    /// Checks these options and converts them to an update rule, with the usual defaults.
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
        let momentum = problems.in_unit_interval("momentum", self.sgd.momentum.unwrap_or(0.9));
        let nesterov = self.sgd.nesterov.unwrap_or(false);
        if nesterov && momentum == 0.0 {
            problems.add("nesterov", "needs momentum; pass --momentum 0.9 or leave nesterov out");
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
        let weight_decay = problems.not_negative("weight_decay", "number", self.adamw.weight_decay.unwrap_or(0.01));
        Rule::AdamW { beta1, beta2, epsilon, weight_decay }
    }
}

impl AdamOptions {
    /// Checks and returns `beta1`, `beta2` and `epsilon`.
    fn check(&self, problems: &mut Problems) -> (f64, f64, f64) {
        (
            problems.in_unit_interval("beta1", self.beta1.unwrap_or(0.9)),
            problems.in_unit_interval("beta2", self.beta2.unwrap_or(0.999)),
            problems.positive("epsilon", self.epsilon.unwrap_or(1e-8)),
        )
    }

    fn of(beta1: f64, beta2: f64, epsilon: f64) -> Self {
        AdamOptions { beta1: Some(beta1), beta2: Some(beta2), epsilon: Some(epsilon) }
    }
}

/// Returns the options that produce this update rule, with every option of the optimizer set.
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
        let optimizer = OptimizerName::ALL.into_iter().find(|name| name.to_string() == text);
        optimizer.ok_or_else(|| format!("`{text}` is not an optimizer: choose one of adam, adamw, sgd"))
    }
}
