//! The shape of a network: which layers encoder and decoder have.

use crate::{network::Activation, options::options, problems::Problems};

/// A list of widths; with a name of its own, since a flag that may be repeated is another thing.
pub type Widths = Vec<usize>;

/// Hidden layers when nothing else is asked for.
const DEFAULT_HIDDEN: [usize; 1] = [128];

/// Gradients go back through them one inside the other.
const MOST_LAYERS: usize = 1000;

options! {
    /// The hidden layers.
    pub struct ArchitectureOptions in "Model" {
        /// Widths of the encoder's hidden layers, like 128,64, mirrored by the decoder; `none` (in a file []) for no
        /// hidden layer [default: 128]
        #[flag(value_name = "WIDTHS", value_parser = widths)]
        pub hidden: Widths = vec![128, 64],
        /// Activation after each hidden layer: identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu [default:
        /// relu]
        #[flag(value_name = "NAME")]
        pub activation: Activation = Activation::Relu,
    }
}

/// The hidden layers of an encoder, mirrored by its decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    /// Widths of the encoder's hidden layers, each at least 1.
    pub hidden: Vec<usize>,
    /// After every hidden layer.
    pub activation: Activation,
}

impl ArchitectureOptions {
    /// What these options mean.
    pub(crate) fn check(&self, problems: &mut Problems) -> Architecture {
        let hidden = self.hidden.clone().unwrap_or_else(|| DEFAULT_HIDDEN.to_vec());
        if hidden.len() > MOST_LAYERS {
            problems.add("hidden", format!("has {} layers, {MOST_LAYERS} at most can be trained", hidden.len()));
        }
        if hidden.contains(&0) {
            problems.add("hidden", format!("has a layer of width 0: {hidden:?}"));
        }
        Architecture { hidden, activation: self.activation.unwrap_or(Activation::Relu) }
    }
}

impl Architecture {
    /// No hidden layer at all.
    pub(crate) fn linear() -> Self {
        Architecture { hidden: Vec::new(), activation: Activation::Identity }
    }

    /// The options that say this.
    pub(crate) fn options(&self) -> ArchitectureOptions {
        ArchitectureOptions { hidden: Some(self.hidden.clone()), activation: Some(self.activation) }
    }
}

/// `128,64`, or `none`.
#[cfg(feature = "clap")]
pub(crate) fn widths(text: &str) -> Result<Widths, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let width = |part: &str| part.trim().parse().map_err(|_| format!("`{part}` is not a width; write 128,64 or none"));
    text.split(',').map(width).collect()
}
