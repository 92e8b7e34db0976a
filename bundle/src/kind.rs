//! The kinds of model in a bundle: six autoencoders, and the classifier and regressor on an encoder.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Kind of autoencoder. The runtime never branches on it, because the roles of the ports contain all it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Principal component analysis: the linear autoencoder with a closed-form solution.
    Pca,
    /// A plain autoencoder.
    Ae,
    /// A denoising autoencoder: corrupted sample in, clean sample as the target.
    Dae,
    /// A Wasserstein autoencoder: deterministic codes whose distribution matches the prior.
    Wae,
    /// A variational autoencoder.
    Vae,
    /// A conditional variational autoencoder: the encoder and the decoder receive the class.
    Cvae,
}

impl Kind {
    /// Every kind, from the simplest to the most complex.
    pub const ALL: [Kind; 6] = [Kind::Pca, Kind::Ae, Kind::Dae, Kind::Wae, Kind::Vae, Kind::Cvae];

    /// Returns the name on the command line, in manifests and as a default folder name.
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

    /// Returns the full name.
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

    /// Returns whether the encoder outputs a distribution (a mean and a log-variance) instead of a code.
    pub fn is_variational(self) -> bool {
        match self {
            Kind::Pca | Kind::Ae | Kind::Dae | Kind::Wae => false,
            Kind::Vae | Kind::Cvae => true,
        }
    }

    /// Returns whether the codes follow a prior, so that codes sampled from it can be decoded.
    pub fn has_prior(self) -> bool {
        match self {
            Kind::Pca | Kind::Ae | Kind::Dae => false,
            Kind::Wae | Kind::Vae | Kind::Cvae => true,
        }
    }

    /// Returns whether the encoder and the decoder take a class label.
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
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        kind.ok_or_else(|| {
            format!("`{text}` is not a kind of model: choose one of {}", Kind::ALL.map(Kind::name).join(", "))
        })
    }
}

/// Kind of head on an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassifierKind {
    /// Predicts class probabilities.
    Classifier,
    /// Predicts numeric targets.
    Regressor,
}

impl ClassifierKind {
    /// Both kinds.
    pub const ALL: [ClassifierKind; 2] = [ClassifierKind::Classifier, ClassifierKind::Regressor];

    /// Returns the name in manifests.
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
