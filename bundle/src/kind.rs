//! The kinds of model that a bundle can hold: six autoencoders, and two that stand on the encoder of one.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Which model was fitted. The runtime never branches on it: ports and roles say what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Principal component analysis: the linear autoencoder with a closed-form solution.
    Pca,
    /// A plain autoencoder.
    Ae,
    /// A denoising autoencoder: corrupted sample in, clean sample as the target.
    Dae,
    /// A Wasserstein autoencoder: codes are points that are distributed as the prior.
    Wae,
    /// A variational autoencoder.
    Vae,
    /// A conditional variational autoencoder: both halves are told the class.
    Cvae,
}

impl Kind {
    /// Every kind, in the order in which a course would meet them.
    pub const ALL: [Kind; 6] = [Kind::Pca, Kind::Ae, Kind::Dae, Kind::Wae, Kind::Vae, Kind::Cvae];

    /// The name used on the command line, in manifests and as a default folder name.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Pca => "pca",
            Kind::Ae => "ae",
            Kind::Dae => "dae",
            Kind::Wae => "wae",
            Kind::Vae => "vae",
            Kind::Cvae => "cvae",
        }
    }

    /// What the abbreviation stands for.
    pub fn title(self) -> &'static str {
        match self {
            Kind::Pca => "principal component analysis",
            Kind::Ae => "autoencoder",
            Kind::Dae => "denoising autoencoder",
            Kind::Wae => "Wasserstein autoencoder",
            Kind::Vae => "variational autoencoder",
            Kind::Cvae => "conditional variational autoencoder",
        }
    }

    /// Whether the encoder returns a distribution (a mean and a log-variance) instead of a code.
    pub fn is_variational(self) -> bool {
        match self {
            Kind::Pca | Kind::Ae | Kind::Dae | Kind::Wae => false,
            Kind::Vae | Kind::Cvae => true,
        }
    }

    /// Whether codes are distributed as a prior, so that codes drawn from it decode to samples.
    pub fn has_prior(self) -> bool {
        match self {
            Kind::Pca | Kind::Ae | Kind::Dae => false,
            Kind::Wae | Kind::Vae | Kind::Cvae => true,
        }
    }

    /// Whether both halves take a class label.
    pub fn is_conditional(self) -> bool {
        match self {
            Kind::Pca | Kind::Ae | Kind::Dae | Kind::Wae | Kind::Vae => false,
            Kind::Cvae => true,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            format!("`{text}` is not a kind of model: choose one of {}", Kind::ALL.map(Kind::name).join(", "))
        })
    }
}

/// What the head tells of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassifierKind {
    /// One of some classes.
    Classifier,
    /// Some numbers.
    Regressor,
}

impl ClassifierKind {
    /// Both kinds.
    pub const ALL: [ClassifierKind; 2] = [ClassifierKind::Classifier, ClassifierKind::Regressor];

    /// The name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            ClassifierKind::Classifier => "classifier",
            ClassifierKind::Regressor => "regressor",
        }
    }
}

impl fmt::Display for ClassifierKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
