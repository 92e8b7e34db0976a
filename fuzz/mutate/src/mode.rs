//! The two modes.

use std::{fmt, str::FromStr};

/// What is mutated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Exported models.
    Bundles,
    /// Data sets, labels and moments; with the feature `training` also checkpoints and configurations.
    Data,
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Mode::Bundles => "bundles",
            Mode::Data => "data",
        })
    }
}

impl FromStr for Mode {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "bundles" => Ok(Mode::Bundles),
            "data" => Ok(Mode::Data),
            _ => Err(anyhow::anyhow!("unknown mode `{text}`: expected bundles or data")),
        }
    }
}
