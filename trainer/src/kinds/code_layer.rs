//! The code layer of a deterministic autoencoder: its activation, and whether the decoder's weights are tied.

use crate::{network::Activation, options::options};

options! {
    /// The code layer of a deterministic autoencoder.
    pub struct CodeOptions in "Model" {
        /// Activation function of the code: identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu (ae, dae)
        /// [default: identity]
        #[flag(value_name = "NAME")]
        pub latent_activation: Activation = Activation::Sigmoid,
        /// Tie the decoder's weights to the transposed weights of the encoder (ae, dae) [default: false]
        #[flag(num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
        pub tied: bool = true,
    }
}

/// Settings of the code layer of a deterministic autoencoder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CodeLayer {
    /// Activation of the code layer.
    pub activation: Activation,
    /// Whether the decoder uses the transposed weights of the encoder.
    pub tied: bool,
}

impl Default for CodeLayer {
    fn default() -> Self {
        CodeLayer { activation: Activation::Identity, tied: false }
    }
}

impl CodeOptions {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self) -> CodeLayer {
        let default = CodeLayer::default();
        CodeLayer {
            activation: self.latent_activation.unwrap_or(default.activation),
            tied: self.tied.unwrap_or(default.tied),
        }
    }
}

impl CodeLayer {
    /// Returns the options that produce these settings. The identity activation is not recorded, so that configurations
    /// without this option stay unchanged to the byte.
    pub(crate) fn options(self) -> CodeOptions {
        CodeOptions {
            latent_activation: Some(self.activation).filter(|&activation| activation != Activation::Identity),
            tied: Some(self.tied),
        }
    }
}
