//! Which optimizer, by name, and the rule that its options make.

use std::{fmt, str::FromStr};

use crate::{Options, candle::Rule, text::as_text};

/// The optimizers by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptimizerName {
    /// Adam (Kingma and Ba 2015).
    Adam,
    /// Adam with weight decay beside the gradient (Loshchilov and Hutter 2019).
    AdamW,
    /// Stochastic gradient descent, with momentum.
    Sgd,
}

impl OptimizerName {
    /// Every one of them.
    pub const ALL: [OptimizerName; 3] = [OptimizerName::Adam, OptimizerName::AdamW, OptimizerName::Sgd];

    /// The rule by these options, where they say something, and the usual constants.
    pub(crate) fn rule(self, options: &Options) -> Rule {
        let beta1 = options.beta1.unwrap_or(0.9);
        let beta2 = options.beta2.unwrap_or(0.999);
        let epsilon = options.epsilon.unwrap_or(1e-8);
        match self {
            OptimizerName::Adam => Rule::Adam { beta1, beta2, epsilon },
            OptimizerName::AdamW => {
                Rule::AdamW { beta1, beta2, epsilon, weight_decay: options.weight_decay.unwrap_or(0.01) }
            }
            OptimizerName::Sgd => {
                Rule::Sgd { momentum: options.momentum.unwrap_or(0.9), nesterov: options.nesterov.unwrap_or(false) }
            }
        }
    }

    /// The options that make this rule.
    pub(crate) fn describe(rule: Rule, options: &mut Options) {
        let name = match rule {
            Rule::Sgd { momentum, nesterov } => {
                options.momentum = Some(momentum);
                options.nesterov = Some(nesterov);
                OptimizerName::Sgd
            }
            Rule::Adam { beta1, beta2, epsilon } => {
                (options.beta1, options.beta2, options.epsilon) = (Some(beta1), Some(beta2), Some(epsilon));
                OptimizerName::Adam
            }
            Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
                (options.beta1, options.beta2, options.epsilon) = (Some(beta1), Some(beta2), Some(epsilon));
                options.weight_decay = Some(weight_decay);
                OptimizerName::AdamW
            }
        };
        options.optimizer = Some(name);
    }
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
