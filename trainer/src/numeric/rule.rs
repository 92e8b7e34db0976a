//! The update rules of the optimizers.

use super::{
    adam::{Adam, Constants},
    sgd::Sgd,
};

/// The update rule of an optimizer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Stochastic gradient descent as in PyTorch, without dampening: the velocity is `v = momentum * v + g`, the
    /// step is `rate * v`, or `rate * (g + momentum * v)` with Nesterov momentum.
    Sgd {
        /// Decay of the velocity per step, in `[0, 1)`.
        momentum: f64,
        /// Whether Nesterov momentum is used.
        nesterov: bool,
    },
    /// Adam (Kingma and Ba 2015, algorithm 1).
    Adam {
        /// Decay of the moving average of the gradients (first moment).
        beta1: f64,
        /// Decay of the moving average of the squared gradients (second moment).
        beta2: f64,
        /// Added to the square root of the second moment.
        epsilon: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2). As in PyTorch, a step
    /// first multiplies every parameter that has a gradient, including biases, by `1 - rate * weight_decay`.
    AdamW {
        /// Decay of the moving average of the gradients (first moment).
        beta1: f64,
        /// Decay of the moving average of the squared gradients (second moment).
        beta2: f64,
        /// Added to the square root of the second moment.
        epsilon: f64,
        /// Weight decay per step at a learning rate of 1.
        weight_decay: f64,
    },
}

impl Default for Rule {
    /// Returns Adam with the constants of its paper.
    fn default() -> Self {
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Rule {
    /// Returns the names of the state that the rule keeps for each parameter, as used in saved states.
    pub(crate) fn state_names(self) -> &'static [&'static str] {
        match self {
            Rule::Sgd { .. } => &["velocity"],
            Rule::Adam { .. } | Rule::AdamW { .. } => &["first", "second"],
        }
    }

    /// Returns the coefficients of one step, counted from 1.
    pub(crate) fn at(self, step: u64, rate: f64, scale: f32) -> RuleStep {
        let adam = |constants| RuleStep::Adam(Adam::at(step, constants, rate, scale));
        match self {
            Rule::Sgd { momentum, nesterov } => {
                RuleStep::Sgd(Sgd { momentum: momentum as f32, nesterov, rate: rate as f32, scale })
            }
            Rule::Adam { beta1, beta2, epsilon } => adam(Constants { beta1, beta2, epsilon, weight_decay: 0.0 }),
            Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
                adam(Constants { beta1, beta2, epsilon, weight_decay })
            }
        }
    }
}

/// The coefficients of a rule at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RuleStep {
    Sgd(Sgd),
    Adam(Adam),
}
