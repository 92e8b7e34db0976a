//! The architecture of a network: the hidden layers of encoder and decoder.

use crate::{network::Activation, options::options, problems::Problems};

/// A list of layer widths. The alias keeps clap from treating the `Vec` as a flag that can be repeated.
pub type Widths = Vec<usize>;

/// Default widths of the hidden layers.
const DEFAULT_HIDDEN: [usize; 1] = [128];

/// Largest number of hidden layers. Backpropagation recurses through the layers, so the stack limits their number.
const MOST_LAYERS: usize = 1000;

options! {
    /// The hidden layers.
    pub struct ArchitectureOptions in "Model" {
        /// Widths of the encoder's hidden layers, for example 128,64; the decoder mirrors them. Use none ([] in a file)
        /// for no hidden layer [default: 128]
        #[flag(value_name = "WIDTHS", value_parser = widths)]
        pub hidden: Widths = vec![128, 64],
        /// Activation function of the hidden layers: identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu
        /// [default: relu]
        #[flag(value_name = "NAME")]
        pub activation: Activation = Activation::Relu,
    }
}

/// The hidden layers of an encoder, mirrored by its decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    /// Widths of the encoder's hidden layers, each at least 1.
    pub hidden: Vec<usize>,
    /// Activation after every hidden layer.
    pub activation: Activation,
}

impl ArchitectureOptions {
    /// Checks these options and converts them to settings.
    pub(crate) fn check(&self, problems: &mut Problems) -> Architecture {
        let hidden = self.hidden.clone().unwrap_or_else(|| DEFAULT_HIDDEN.to_vec());
        if hidden.len() > MOST_LAYERS {
            problems.add("hidden", format!("has {} layers, but at most {MOST_LAYERS} can be trained", hidden.len()));
        }
        if hidden.contains(&0) {
            problems.add("hidden", format!("contains a layer of width 0: {hidden:?}; every width must be at least 1"));
        }
        Architecture { hidden, activation: self.activation.unwrap_or(Activation::Relu) }
    }
}

impl Architecture {
    /// Returns the architecture without hidden layers.
    pub(crate) fn linear() -> Self {
        Architecture { hidden: Vec::new(), activation: Activation::Identity }
    }

    /// Returns the options that produce this architecture.
    pub(crate) fn options(&self) -> ArchitectureOptions {
        ArchitectureOptions { hidden: Some(self.hidden.clone()), activation: Some(self.activation) }
    }
}

/// Parses widths written as `128,64` or `none`.
#[cfg(feature = "clap")]
pub(crate) fn widths(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let width = |part: &str| part.trim().parse().map_err(|_| format!("`{part}` is not a width; write 128,64 or none"));
    text.split(',').map(width).collect()
}
