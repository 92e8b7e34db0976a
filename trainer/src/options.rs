//! What somebody asked for: every option may be left open.

use narrows_bundle::{Kind, Likelihood, Link};
use serde::{Deserialize, Serialize};

use crate::{Activation, Corruption};

/// Options of a run as flags or a file give them; what is open is filled in by [`Config::check`].
///
/// The same type, with everything filled in, is the configuration in a bundle's manifest.
///
/// [`Config::check`]: crate::Config::check
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// Which kind of model.
    pub kind: Kind,
    /// Numbers in a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latent: Option<usize>,
    /// Widths of the encoder's hidden layers; the decoder mirrors them. An empty list makes one layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<Vec<usize>>,
    /// After every hidden layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// The distribution of a sample given its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<Likelihood>,
    /// What stands between the last layer and the scaled reconstruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_link: Option<Link>,
    /// Weight of the divergence (VAE, CVAE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beta: Option<f64>,
    /// What is done to the encoder's input in training (DAE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corruption: Option<Corruption>,
    /// Whether codes get unit variance (PCA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whiten: Option<bool>,
    /// Passes over the training rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Rows in a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// Step size of Adam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Share of the training rows that is held out for figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_fraction: Option<f64>,
    /// Seed of all randomness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Options {
    /// Nothing said but the kind.
    pub fn new(kind: Kind) -> Self {
        Options {
            kind,
            latent: None,
            hidden: None,
            activation: None,
            likelihood: None,
            output_link: None,
            beta: None,
            corruption: None,
            whiten: None,
            epochs: None,
            batch_size: None,
            learning_rate: None,
            valid_fraction: None,
            seed: None,
        }
    }
}
