//! The rules by which gradients become steps.

use super::{
    adam::{Adam, Constants},
    sgd::Sgd,
};

/// How a gradient becomes a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// Gradient descent as in PyTorch, without dampening: the velocity is `v = momentum * v + g`, the step
    /// `rate * v`, or `rate * (g + momentum * v)` with Nesterov.
    Sgd {
        /// Share of the velocity that is left after a step.
        momentum: f64,
        /// Whether the step looks ahead along the velocity.
        nesterov: bool,
    },
    /// Adam (Kingma and Ba 2015, algorithm 1).
    Adam {
        /// Decay of the mean of the gradients.
        beta1: f64,
        /// Decay of the mean of their squares.
        beta2: f64,
        /// Added to the root of the second moment.
        epsilon: f64,
    },
    /// Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2). As in PyTorch, a step
    /// first multiplies every parameter that has a gradient, biases too, by `1 - rate * weight_decay`.
    AdamW {
        /// Decay of the mean of the gradients.
        beta1: f64,
        /// Decay of the mean of their squares.
        beta2: f64,
        /// Added to the root of the second moment.
        epsilon: f64,
        /// Decay of the weights for a rate of 1.
        weight_decay: f64,
    },
}

impl Default for Rule {
    /// Adam with the constants of its paper.
    fn default() -> Self {
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Rule {
    /// What the rule remembers of each parameter, by the names of a saved state.
    pub(crate) fn memories(self) -> &'static [&'static str] {
        match self {
            Rule::Sgd { .. } => &["velocity"],
            Rule::Adam { .. } | Rule::AdamW { .. } => &["first", "second"],
        }
    }

    /// The arithmetic of one step, counted from 1.
    pub(crate) fn at(self, step: u64, rate: f64, scale: f32) -> Kernel {
        let adam = |constants| Kernel::Adam(Adam::at(step, constants, rate, scale));
        match self {
            Rule::Sgd { momentum, nesterov } => {
                Kernel::Sgd(Sgd { momentum: momentum as f32, nesterov, rate: rate as f32, scale })
            }
            Rule::Adam { beta1, beta2, epsilon } => adam(Constants { beta1, beta2, epsilon, weight_decay: 0.0 }),
            Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
                adam(Constants { beta1, beta2, epsilon, weight_decay })
            }
        }
    }
}

/// The arithmetic of a rule at one step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernel {
    Sgd(Sgd),
    Adam(Adam),
}
