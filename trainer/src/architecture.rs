//! The architecture of a network: the layers of encoder and decoder.

use std::{fmt, str::FromStr};

use crate::{
    network::{Activation, Convolutions},
    options::options,
    problems::Problems,
    text::as_text,
};

/// A list of layer widths. The alias keeps clap from treating the `Vec` as a flag that can be repeated.
pub type Widths = Vec<usize>;

/// Default widths of the hidden layers of a multilayer perceptron.
const DEFAULT_HIDDEN: [usize; 1] = [128];
/// Default numbers of filters of a convolutional network.
const DEFAULT_FILTERS: [usize; 2] = [32, 64];
const DEFAULT_KERNEL_SIZE: usize = 3;
const DEFAULT_STRIDE: usize = 2;

/// Largest number of hidden layers. Backpropagation recurses through the layers, so the stack limits their number.
const MOST_LAYERS: usize = 1000;

options! {
    /// The layers of encoder and decoder.
    pub struct ArchitectureOptions in "Model" {
        /// Architecture: mlp (dense layers) or conv (convolutions for images and series, then dense layers)
        /// [default: mlp]
        #[flag(value_name = "mlp|conv")]
        pub architecture: ArchitectureName = ArchitectureName::Mlp,
        /// Widths of the encoder's dense hidden layers, for example 128,64; the decoder mirrors them. Use none ([] in a
        /// file) for no hidden layer, which is the default of conv [default: 128]
        #[flag(value_name = "WIDTHS", value_parser = widths)]
        pub hidden: Widths = vec![128, 64],
        /// Activation function of the hidden layers: identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu
        /// [default: relu]
        #[flag(value_name = "NAME")]
        pub activation: Activation = Activation::Relu,
        /// Number of filters (output channels) of each convolution of the encoder; the decoder mirrors them (conv)
        /// [default: 32,64]
        #[flag(value_name = "NUMBERS", value_parser = filters)]
        pub filters: Widths = vec![32, 64],
        /// Height and width of the kernels, an odd number (conv) [default: 3]
        #[flag(value_name = "PIXELS")]
        pub kernel_size: usize = 3,
        /// Stride of the encoder's convolutions; the decoder upsamples by it (conv) [default: 2]
        #[flag(value_name = "PIXELS")]
        pub stride: usize = 2,
    }
}

/// Which layers a network consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArchitectureName {
    /// Dense layers.
    #[default]
    Mlp,
    /// Convolutions, then dense layers.
    Conv,
}

as_text!(ArchitectureName);

impl fmt::Display for ArchitectureName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ArchitectureName::Mlp => "mlp",
            ArchitectureName::Conv => "conv",
        })
    }
}

impl FromStr for ArchitectureName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "mlp" => Ok(ArchitectureName::Mlp),
            "conv" => Ok(ArchitectureName::Conv),
            _ => Err(format!("`{text}` is not an architecture; pass mlp or conv")),
        }
    }
}

/// The layers of an encoder, mirrored by its decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    /// Convolutions between a sample and the dense layers.
    pub convolutions: Option<Convolutions>,
    /// Widths of the encoder's dense hidden layers, each at least 1.
    pub hidden: Vec<usize>,
    /// Activation after every hidden layer.
    pub activation: Activation,
}

impl ArchitectureOptions {
    /// Checks these options for samples of a shape and converts them to settings.
    pub(crate) fn check(&self, sample_shape: &[usize], problems: &mut Problems) -> Architecture {
        let convolutions = match self.architecture.unwrap_or_default() {
            ArchitectureName::Mlp => {
                self.refuse_filters(problems);
                None
            }
            ArchitectureName::Conv => self.convolutions(sample_shape, problems),
        };
        let default = if convolutions.is_some() { Vec::new() } else { DEFAULT_HIDDEN.to_vec() };
        let hidden = self.hidden.clone().unwrap_or(default);
        if hidden.len() > MOST_LAYERS {
            problems.add("hidden", format!("has {} layers, but at most {MOST_LAYERS} can be trained", hidden.len()));
        }
        if hidden.contains(&0) {
            problems.add("hidden", format!("contains a layer of width 0: {hidden:?}; every width must be at least 1"));
        }
        Architecture { convolutions, hidden, activation: self.activation.unwrap_or(Activation::Relu) }
    }

    fn refuse_filters(&self, problems: &mut Problems) {
        let set = [
            ("filters", self.filters.is_some()),
            ("kernel_size", self.kernel_size.is_some()),
            ("stride", self.stride.is_some()),
        ];
        for (key, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            problems.add(key, "has no effect on an mlp, which has no convolutions; pass --architecture conv");
        }
    }

    /// Returns the convolutions, or `None` after it has reported why there are none.
    fn convolutions(&self, sample_shape: &[usize], problems: &mut Problems) -> Option<Convolutions> {
        let filters = self.filters.clone().unwrap_or_else(|| DEFAULT_FILTERS.to_vec());
        let kernel_size = self.kernel_size.unwrap_or(DEFAULT_KERNEL_SIZE);
        let stride = self.stride.unwrap_or(DEFAULT_STRIDE);
        if filters.is_empty() || filters.contains(&0) {
            problems
                .add("filters", format!("is {filters:?}, but a network needs at least one layer of at least 1 filter"));
            return None;
        }
        if kernel_size.is_multiple_of(2) {
            problems.add("kernel_size", format!("must be odd, so that maps keep their size, got {kernel_size}"));
            return None;
        }
        if stride == 0 {
            problems.add("stride", "must be at least 1, got 0");
            return None;
        }
        if let Some(largest) = sample_shape.iter().copied().max().filter(|&largest| stride > largest) {
            problems.add("stride", format!("is {stride}, but samples have at most {largest} values in a dimension"));
            return None;
        }
        let Some(convolutions) = Convolutions::of_shape(sample_shape, &filters, kernel_size, stride) else {
            problems.add(
                "architecture",
                format!(
                    "is conv, but samples have the shape {sample_shape:?}; convolutions need [length], [height, width] \
                     or [height, width, channels]"
                ),
            );
            return None;
        };
        let sizes = convolutions.sizes();
        let layer = sizes.windows(2).position(|pair| pair[0] == [1, 1] || exceeds(kernel_size, pair[0]));
        if let Some(layer) = layer {
            let [height, width] = sizes[layer];
            problems.add(
                "filters",
                format!(
                    "has {} layers, but layer {} (`encoder.conv{layer}`) would get a map of {height} x {width} for its \
                     kernel of {kernel_size}; use fewer layers, a smaller --stride or a smaller --kernel-size",
                    filters.len(),
                    layer + 1
                ),
            );
            return None;
        }
        Some(convolutions)
    }
}

/// Returns whether a kernel is larger than a map with its padding: then all outputs see the same values.
fn exceeds(kernel_size: usize, size: [usize; 2]) -> bool {
    size.into_iter().any(|size| size > 1 && kernel_size / 2 >= size)
}

impl Architecture {
    /// Returns the architecture without hidden layers.
    pub(crate) fn linear() -> Self {
        Architecture { convolutions: None, hidden: Vec::new(), activation: Activation::Identity }
    }

    /// Returns the options that produce this architecture.
    pub(crate) fn options(&self) -> ArchitectureOptions {
        let (hidden, activation) = (Some(self.hidden.clone()), Some(self.activation));
        match &self.convolutions {
            None => {
                let architecture = Some(ArchitectureName::Mlp);
                ArchitectureOptions { architecture, hidden, activation, ..ArchitectureOptions::default() }
            }
            Some(convolutions) => ArchitectureOptions {
                architecture: Some(ArchitectureName::Conv),
                hidden,
                activation,
                filters: Some(convolutions.filters.clone()),
                kernel_size: convolutions.kernel.into_iter().max(),
                stride: convolutions.stride.into_iter().max(),
            },
        }
    }
}

/// Parses numbers of filters written as `32,64`.
#[cfg(feature = "clap")]
fn filters(text: &str) -> Result<Widths, String> {
    let number =
        |part: &str| part.trim().parse().map_err(|_| format!("`{part}` is not a number of filters; write 32,64"));
    text.split(',').map(number).collect()
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

#[cfg(test)]
mod tests;
