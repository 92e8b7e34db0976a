//! The layer that gives the code of a deterministic autoencoder, and whether the decoder mirrors it.

use crate::{network::Activation, options::options};

options! {
    /// The code of a deterministic autoencoder.
    pub struct CodeOptions in "Model" {
        /// Activation of the layer that gives the code, one of the same: ae, dae [default: identity]
        #[flag(value_name = "NAME")]
        pub latent_activation: Activation = Activation::Sigmoid,
        /// Whether the decoder's weights are the encoder's, transposed: ae, dae [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub tied: bool = true,
    }
}

/// How a deterministic code is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodeLayer {
    /// After the layer that gives the code.
    pub activation: Activation,
    /// Whether the decoder's weights are the encoder's, transposed.
    pub tied: bool,
}

impl Default for CodeLayer {
    fn default() -> Self {
        CodeLayer { activation: Activation::Identity, tied: false }
    }
}

impl CodeOptions {
    /// What these options mean.
    pub(crate) fn check(&self) -> CodeLayer {
        let default = CodeLayer::default();
        CodeLayer {
            activation: self.latent_activation.unwrap_or(default.activation),
            tied: self.tied.unwrap_or(default.tied),
        }
    }
}

impl CodeLayer {
    /// The options that say this. An activation that is off is not recorded, so that older configurations keep their
    /// bytes.
    pub(crate) fn options(self) -> CodeOptions {
        CodeOptions {
            latent_activation: Some(self.activation).filter(|&activation| activation != Activation::Identity),
            tied: Some(self.tied),
        }
    }
}
