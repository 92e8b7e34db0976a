//! Which normalisation the hidden layers of a network have.

use std::{fmt, str::FromStr};

use crate::text::as_text;

/// The normalisation between a hidden layer and its activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Normalisation {
    /// No normalisation.
    #[default]
    None,
    /// Each channel is normalised by its mean and variance over the batch.
    Batch,
    /// Each row is normalised over all its values.
    Layer,
}

as_text!(Normalisation);

impl fmt::Display for Normalisation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Normalisation::None => "none",
            Normalisation::Batch => "batch",
            Normalisation::Layer => "layer",
        })
    }
}

impl FromStr for Normalisation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Normalisation::None),
            "batch" => Ok(Normalisation::Batch),
            "layer" => Ok(Normalisation::Layer),
            _ => Err(format!("`{text}` is not a normalisation; pass none, batch or layer")),
        }
    }
}
