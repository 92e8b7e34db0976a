//! The prior of a variational autoencoder over codes, `p(z)`.

use std::{fmt, str::FromStr};

use crate::{options::options, problems::Problems, text::as_text};

options! {
    /// The prior over codes.
    pub struct PriorOptions in "Objective" {
        /// Prior over codes: normal, the standard normal distribution, or vamp:K, a mixture of the posteriors of K
        /// pseudo-inputs that are trained with the weights (vae, cvae) [default: normal]
        #[flag(value_name = "normal|vamp:K")]
        pub prior: LatentPrior = LatentPrior::Vamp { components: 500 },
    }
}

/// The prior over codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LatentPrior {
    /// The standard normal distribution, N(0, I).
    #[default]
    Normal,
    /// The VampPrior, `1/K sum_k q(z|u_k)`: a mixture of the posteriors of pseudo-inputs `u_k`, which are trained with
    /// the weights (Tomczak and Welling 2018, equation 9).
    Vamp {
        /// Number of pseudo-inputs, at least 1.
        components: usize,
    },
}

impl PriorOptions {
    /// Checks these options and returns the prior.
    pub(crate) fn check(&self, problems: &mut Problems) -> LatentPrior {
        let prior = self.prior.unwrap_or_default();
        if prior == (LatentPrior::Vamp { components: 0 }) {
            problems.add("prior", "needs at least 1 pseudo-input, got 0");
        }
        prior
    }
}

impl LatentPrior {
    /// Returns the number of pseudo-inputs.
    pub(crate) fn pseudo_inputs(self) -> usize {
        match self {
            LatentPrior::Normal => 0,
            LatentPrior::Vamp { components } => components,
        }
    }
}

as_text!(LatentPrior);

impl fmt::Display for LatentPrior {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LatentPrior::Normal => formatter.write_str("normal"),
            LatentPrior::Vamp { components } => write!(formatter, "vamp:{components}"),
        }
    }
}

impl FromStr for LatentPrior {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let components = text.strip_prefix("vamp:").and_then(|number| number.parse().ok());
        match (text, components) {
            ("normal", _) => Ok(LatentPrior::Normal),
            (_, Some(0)) => Err(format!("the prior `{text}` needs at least 1 pseudo-input, got 0")),
            (_, Some(components)) => Ok(LatentPrior::Vamp { components }),
            (_, None) => {
                Err(format!("`{text}` is not a prior: write normal, or vamp:500 for a VampPrior of 500 pseudo-inputs"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priors_are_parsed_from_their_display_form_and_invalid_text_is_rejected() {
        for text in ["normal", "vamp:500"] {
            assert_eq!(text.parse::<LatentPrior>().map(|prior| prior.to_string()), Ok(text.to_owned()));
        }
        for text in ["vamp", "vamp:", "vamp:-1", "vamp:1.5", "vamp:1:2", "uniform"] {
            assert!(text.parse::<LatentPrior>().expect_err("invalid text").contains("write normal, or vamp:500"));
        }
        assert!("vamp:0".parse::<LatentPrior>().expect_err("no pseudo-input").contains("at least 1"));
    }
}
