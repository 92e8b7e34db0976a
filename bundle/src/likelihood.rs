//! The likelihood p(x|z) of a sample given its code, and the output link of the decoder.

use std::str::FromStr;

use narrows_table::CellKind;
use serde::{Deserialize, Serialize};

/// The likelihood p(x|z): the distribution of a sample given its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Likelihood {
    /// Each scaled feature is a probability; the loss is binary cross-entropy.
    Bernoulli,
    /// Each scaled feature has the same variance around its mean; the loss is the squared error.
    Gaussian,
    /// Each cell of a mixed table has a distribution of its own ([`CellLikelihood`]).
    Columns,
}

/// The smallest probability of a level in scores and in detectors, so that none is infinite.
pub const SMALLEST_PROBABILITY: f64 = 1e-7;

/// The distribution of a cell of a mixed table given its code, and its weight in the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellLikelihood {
    /// The distribution.
    pub distribution: Distribution,
    /// The factor of the cell's error in the loss of a model without a distribution over codes: the inverse of the
    /// error of the best constant reconstruction of the training rows, so that all cells count alike. 1 for variational
    /// models, whose loss is a likelihood.
    pub weight: f64,
    /// The error of the best constant reconstruction of the training rows, in the unit of the loss without weights.
    pub baseline: f64,
}

/// The distribution of a cell given its code. The decoder returns its mean, or the probabilities of its levels.
///
/// In models with a distribution over codes the error of a cell is its negative log-likelihood in nats. In the others
/// it is the squared error in scaled units (Gaussian), `(degrees + 1) ln(1 + residual^2 / degrees)` in scaled units
/// (Student-t), the deviance (Poisson, negative binomial), or the negative logarithm of the probability (categorical).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distribution {
    /// A normal distribution.
    Gaussian {
        /// Its variance in squared scaled units.
        variance: f64,
    },
    /// A Student-t distribution.
    StudentT {
        /// Its degrees of freedom.
        degrees: f64,
        /// Its scale parameter, in scaled units.
        scale: f64,
    },
    /// A Poisson distribution of a count in the unit of the data.
    Poisson,
    /// A negative binomial distribution of a count with the mean `m` and the variance `m + dispersion m^2`.
    NegativeBinomial {
        /// Its dispersion.
        dispersion: f64,
    },
    /// A categorical distribution over the levels.
    Categorical {
        /// The probability of a level that is not in the vocabulary: its share of the training rows, and at least
        /// [`SMALLEST_PROBABILITY`].
        unseen: f64,
    },
}

impl Distribution {
    /// Returns whether the parameters are finite and positive.
    pub(crate) fn is_valid(self) -> bool {
        let is_positive = |value: f64| value.is_finite() && value > 0.0;
        match self {
            Distribution::Gaussian { variance } => is_positive(variance),
            Distribution::StudentT { degrees, scale } => is_positive(degrees) && is_positive(scale),
            Distribution::NegativeBinomial { dispersion } => is_positive(dispersion),
            Distribution::Categorical { unseen } => is_positive(unseen) && unseen <= 1.0,
            Distribution::Poisson => true,
        }
    }

    /// Returns whether a cell of this kind can have this distribution.
    pub(crate) fn fits(self, kind: CellKind) -> bool {
        match self {
            Distribution::Gaussian { .. } => kind == CellKind::Number,
            Distribution::StudentT { .. } => kind == CellKind::HeavyTailed,
            Distribution::Poisson | Distribution::NegativeBinomial { .. } => kind == CellKind::Count,
            Distribution::Categorical { .. } => kind.levels().is_some(),
        }
    }
}

/// The function between the decoder's last linear layer and the scaled reconstruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// The identity.
    Identity,
    /// The logistic sigmoid.
    Sigmoid,
}

impl FromStr for Likelihood {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "bernoulli" => Ok(Likelihood::Bernoulli),
            "gaussian" => Ok(Likelihood::Gaussian),
            "columns" => Ok(Likelihood::Columns),
            _ => Err(format!("`{text}` is not a likelihood: choose bernoulli, gaussian or columns")),
        }
    }
}

impl FromStr for Link {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "identity" => Ok(Link::Identity),
            "sigmoid" => Ok(Link::Sigmoid),
            _ => Err(format!("`{text}` is not an output link: choose identity or sigmoid")),
        }
    }
}
