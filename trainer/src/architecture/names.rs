//! The names of architectures and of poolings.

use std::{fmt, str::FromStr};

use crate::{network::Pooling, text::as_text};

/// Which layers a network consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchitectureName {
    /// Dense layers.
    Mlp,
    /// Convolutions, then dense layers.
    Conv,
    /// Convolutions with residual blocks, then dense layers.
    Resnet,
}

as_text!(ArchitectureName);

impl fmt::Display for ArchitectureName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ArchitectureName::Mlp => "mlp",
            ArchitectureName::Conv => "conv",
            ArchitectureName::Resnet => "resnet",
        })
    }
}

impl FromStr for ArchitectureName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "mlp" => Ok(ArchitectureName::Mlp),
            "conv" => Ok(ArchitectureName::Conv),
            "resnet" => Ok(ArchitectureName::Resnet),
            _ => Err(format!("`{text}` is not an architecture; pass mlp, conv or resnet")),
        }
    }
}

/// Whether the encoder pools instead of using strided convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolName {
    /// Strided convolutions.
    #[default]
    None,
    /// The maximum of each window.
    Max,
    /// The mean of each window.
    Average,
}

impl PoolName {
    pub(super) fn pooling(self) -> Option<Pooling> {
        match self {
            PoolName::None => None,
            PoolName::Max => Some(Pooling::Max),
            PoolName::Average => Some(Pooling::Average),
        }
    }
}

impl From<Pooling> for PoolName {
    fn from(pooling: Pooling) -> Self {
        match pooling {
            Pooling::Max => PoolName::Max,
            Pooling::Average => PoolName::Average,
        }
    }
}

as_text!(PoolName);

impl fmt::Display for PoolName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.pooling().map_or("none", Pooling::name))
    }
}

impl FromStr for PoolName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(PoolName::None),
            "max" => Ok(PoolName::Max),
            "average" => Ok(PoolName::Average),
            _ => Err(format!("`{text}` is not a pooling; pass none, max or average")),
        }
    }
}
