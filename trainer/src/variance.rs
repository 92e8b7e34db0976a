//! The variance of a Gaussian likelihood: the expected squared distance of a feature from its mean.
//!
//! It sets the weight of the reconstruction error relative to the KL term. The unit variance of most VAEs is far above
//! the noise of scaled images, so their codes carry little information. A learned variance (`learned_variance.rs`)
//! adapts this weight to the data.

use std::{f64::consts::PI, fmt, str::FromStr};

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{candle::Parameters, learned_variance, network::Weights, options::options, problems::Problems};

options! {
    /// The variance of a Gaussian likelihood.
    pub struct VarianceOptions in "Model" {
        /// Variance of the gaussian likelihood in scaled units: a positive number, or learned, which trains it with the
        /// weights (vae, cvae) [default: learned]
        #[flag(value_name = "NUMBER|learned")]
        pub variance: Variance = Variance::Fixed(1.0),
    }
}

/// The variance of every feature of a sample, in scaled units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Variance {
    /// A fixed, positive value.
    Fixed(f64),
    /// One value that is trained with the weights; initially 1.
    Learned,
}

impl VarianceOptions {
    /// Checks these options and returns the variance.
    pub(crate) fn check(&self, problems: &mut Problems) -> Variance {
        let variance = self.variance.unwrap_or(Variance::Learned);
        if let Some(problem) = variance.problem() {
            problems.add("variance", problem);
        }
        variance
    }
}

impl Default for Variance {
    fn default() -> Self {
        Variance::Fixed(1.0)
    }
}

impl Variance {
    /// Returns what is wrong with the value, if anything.
    pub(crate) fn problem(self) -> Option<String> {
        match self {
            Variance::Fixed(variance) if !(variance.is_finite() && variance > 0.0) => {
                Some(format!("must be a positive number or `learned`, got {variance}"))
            }
            Variance::Fixed(_) | Variance::Learned => None,
        }
    }

    /// Adds the parameter of a learned variance, with the initial variance 1. Call it once, after the weights are
    /// initialised.
    pub(crate) fn add_parameter(self, parameters: &mut Parameters, device: &Device) -> Result<()> {
        match self {
            Variance::Fixed(_) => Ok(()),
            Variance::Learned => learned_variance::add(parameters, device),
        }
    }

    /// Converts squared errors, each summed over `n` features, to nats: `error / (2 sigma^2) + n/2 ln(2 pi sigma^2)`.
    /// `errors` can have any shape; `n` is `features`.
    pub(crate) fn nats(self, errors: &Tensor, features: usize, parameters: &Parameters) -> Result<Tensor> {
        let half = 0.5 * features as f64;
        match self {
            Variance::Fixed(variance) => (errors * (0.5 / variance))? + half * (2.0 * PI * variance).ln(),
            Variance::Learned => {
                let log_variance = learned_variance::log_variance(parameters)?;
                let precision = log_variance.neg()?.exp()?;
                let constant = ((log_variance + (2.0 * PI).ln())? * half)?;
                (errors * 0.5)?.broadcast_mul(&precision)?.broadcast_add(&constant)
            }
        }
    }
}

/// Returns the variance of a fitted model, in scaled units.
pub(crate) fn variance_of(variance: Variance, weights: &Weights) -> f64 {
    match variance {
        Variance::Fixed(variance) => variance,
        Variance::Learned => f64::from(learned_variance::value(weights)),
    }
}

impl fmt::Display for Variance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Variance::Fixed(variance) => write!(formatter, "{variance}"),
            Variance::Learned => formatter.write_str("learned"),
        }
    }
}

impl FromStr for Variance {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let variance = match text.parse() {
            _ if text == "learned" => Variance::Learned,
            Ok(number) => Variance::Fixed(number),
            Err(_) => return Err(format!("`{text}` is not a variance: write a positive number or learned")),
        };
        variance.problem().map_or(Ok(variance), |problem| Err(format!("a variance {problem}")))
    }
}

/// The form in files: a fixed variance is a number, not text.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a variance must be a positive number or \"learned\"")]
enum Written {
    Number(f64),
    Word(String),
}

impl Serialize for Variance {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let written = match self {
            Variance::Fixed(variance) => Written::Number(*variance),
            Variance::Learned => Written::Word(self.to_string()),
        };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Variance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string(),
            Written::Word(word) => word,
        };
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_variance_is_a_number_in_files_and_invalid_values_are_rejected() {
        for (variance, json) in [(Variance::Fixed(0.5), "0.5"), (Variance::Learned, "\"learned\"")] {
            assert_eq!(serde_json::to_string(&variance).expect("plain data"), json);
            assert_eq!(serde_json::from_str::<Variance>(json).expect("just written"), variance);
            assert_eq!(variance.to_string().parse(), Ok(variance));
        }
        assert_eq!(serde_json::from_str::<Variance>("2").expect("a whole number"), Variance::Fixed(2.0));
        for json in ["0", "-1", "\"wide\"", "true"] {
            let error = serde_json::from_str::<Variance>(json).expect_err("an invalid variance").to_string();
            assert!(error.contains("positive number or") && error.contains("learned"), "{error}");
        }
        assert!("inf".parse::<Variance>().is_err() && "nan".parse::<Variance>().is_err());
    }
}
