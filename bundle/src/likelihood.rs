//! The likelihood p(x|z) of a sample given its code, and the output link of the decoder.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The likelihood p(x|z): the distribution of a sample given its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Likelihood {
    /// Each scaled feature is a probability; the loss is binary cross-entropy.
    Bernoulli,
    /// Each scaled feature has the same variance around its mean; the loss is the squared error.
    Gaussian,
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
            _ => Err(format!("`{text}` is not a likelihood: choose bernoulli or gaussian")),
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
