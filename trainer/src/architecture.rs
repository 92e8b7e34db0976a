//! The architecture of a network: the layers of encoder and decoder.

mod names;

use narrows_data::SampleKind;

use crate::{
    ConfigError,
    network::{Activation, Convolutions, Normalisation, SampleMap},
    options::options,
    problems::Problems,
};
pub use names::{ArchitectureName, PoolName};

/// A list of layer widths. The alias keeps clap from treating the `Vec` as a flag that can be repeated.
pub type Widths = Vec<usize>;

/// Default widths of the hidden layers of a multilayer perceptron.
const DEFAULT_HIDDEN: [usize; 1] = [128];
/// Default numbers of filters of a convolutional network.
const DEFAULT_FILTERS: [usize; 2] = [32, 64];
const DEFAULT_KERNEL_SIZE: usize = 3;
const DEFAULT_STRIDE: usize = 2;

/// Smallest height and width of the images for which convolutions are the default.
const SMALLEST_IMAGE: usize = 16;

/// Largest number of hidden layers. Backpropagation recurses through the layers, so the stack limits their number.
const MOST_LAYERS: usize = 1000;

options! {
    /// The layers of encoder and decoder.
    pub struct ArchitectureOptions in "Model" {
        /// Architecture: mlp (dense layers), conv (convolutions for images and series, then dense layers) or resnet
        /// (conv with residual blocks) [default: conv for series and for images of 16 x 16 or more, otherwise mlp]
        #[flag(value_name = "mlp|conv|resnet")]
        pub architecture: ArchitectureName = ArchitectureName::Mlp,
        /// Widths of the encoder's dense hidden layers, for example 128,64; the decoder mirrors them. Use none ([] in a
        /// file) for no hidden layer, which is the default of conv and resnet [default: 128]
        #[flag(value_name = "WIDTHS", value_parser = widths)]
        pub hidden: Widths = vec![128, 64],
        /// Activation function of the hidden layers: identity, relu, leaky_relu, elu, tanh, sigmoid, silu or gelu
        /// [default: relu]
        #[flag(value_name = "NAME")]
        pub activation: Activation = Activation::Relu,
        /// Number of filters (output channels) of each convolution of the encoder; the decoder mirrors them (conv,
        /// resnet) [default: 32,64]
        #[flag(value_name = "NUMBERS", value_parser = filters)]
        pub filters: Widths = vec![32, 64],
        /// Height and width of the kernels, an odd number (conv, resnet) [default: 3]
        #[flag(value_name = "PIXELS")]
        pub kernel_size: usize = 3,
        /// Stride of the encoder's convolutions; the decoder upsamples by it (conv, resnet) [default: 2]
        #[flag(value_name = "PIXELS")]
        pub stride: usize = 2,
        /// Pooling by the stride after convolutions of stride 1, instead of strided convolutions: none, max or average
        /// (conv, resnet) [default: none]
        #[flag(value_name = "none|max|average")]
        pub pool: PoolName = PoolName::None,
        /// Number of residual blocks, of two convolutions each, after every layer of the encoder (resnet) [default: 1]
        #[flag(value_name = "NUMBER")]
        pub blocks: usize = 1,
        /// Normalisation of every hidden layer: none, batch (over the batch, by running averages after training) or
        /// layer (over the values of each sample) [default: none]
        #[flag(value_name = "none|batch|layer")]
        pub normalisation: Normalisation = Normalisation::None,
    }
}

/// The layers of an encoder, mirrored by its decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Architecture {
    /// Convolutions between a sample and the dense layers.
    pub convolutions: Option<Convolutions>,
    /// Widths of the encoder's dense hidden layers, each at least 1.
    pub hidden: Vec<usize>,
    /// Normalisation between every hidden layer and its activation.
    pub normalisation: Normalisation,
    /// Activation after every hidden layer.
    pub activation: Activation,
}

/// The samples that an architecture is made for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Samples<'a> {
    /// Shape of one sample.
    pub(crate) shape: &'a [usize],
    pub(crate) kind: SampleKind,
}

impl Samples<'_> {
    /// Returns the architecture for samples for which none was chosen.
    fn default_architecture(self) -> ArchitectureName {
        let is_large_image = || match *self.shape {
            [height, width] | [height, width, 1 | 3 | 4] => height.min(width) >= SMALLEST_IMAGE,
            _ => false,
        };
        match self.kind {
            SampleKind::Series => ArchitectureName::Conv,
            SampleKind::Features if is_large_image() => ArchitectureName::Conv,
            SampleKind::Features => ArchitectureName::Mlp,
        }
    }

    /// Returns a sample as a map, or the shapes that can be maps.
    fn map(self) -> Result<SampleMap, &'static str> {
        match self.kind {
            SampleKind::Features => {
                SampleMap::of_image(self.shape).ok_or("[length], [height, width] or [height, width, channels]")
            }
            SampleKind::Series => SampleMap::of_series(self.shape).ok_or("[length] or [channels, length]"),
        }
    }
}

/// Which architectures the other options of a model allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Every architecture.
    All,
    /// Only dense layers: for tied weights and for layerwise pretraining.
    Dense,
}

impl ArchitectureOptions {
    /// Checks these options for samples and converts them to settings.
    pub(crate) fn check(&self, samples: Samples<'_>, allowed: Allowed, problems: &mut Problems) -> Architecture {
        let name = self.architecture.unwrap_or_else(|| match allowed {
            Allowed::All => samples.default_architecture(),
            Allowed::Dense => ArchitectureName::Mlp,
        });
        let convolutions = match name {
            ArchitectureName::Mlp => {
                self.refuse_filters(allowed, problems);
                None
            }
            ArchitectureName::Conv => self.convolutions(name, samples, problems),
            ArchitectureName::Resnet => {
                let blocks = problems.at_least_one("blocks", self.blocks.unwrap_or(1));
                self.convolutions(name, samples, problems)
                    .filter(|plain| check_layers("blocks", &plain.filters, blocks, problems))
                    .map(|plain| Convolutions { blocks, ..plain })
            }
        };
        if self.blocks.is_some() && name != ArchitectureName::Resnet {
            let reason = format!("has no effect on an architecture of {name}; pass --architecture resnet");
            problems.add("blocks", reason);
        }
        let default = if name == ArchitectureName::Mlp { DEFAULT_HIDDEN.to_vec() } else { Vec::new() };
        let hidden = self.hidden.clone().unwrap_or(default);
        if hidden.len() > MOST_LAYERS {
            problems.add("hidden", format!("has {} layers, but at most {MOST_LAYERS} can be trained", hidden.len()));
        }
        if hidden.contains(&0) {
            problems.add("hidden", format!("contains a layer of width 0: {hidden:?}; every width must be at least 1"));
        }
        Architecture {
            convolutions,
            hidden,
            normalisation: self.normalisation.unwrap_or_default(),
            activation: self.activation.unwrap_or(Activation::Relu),
        }
    }

    fn refuse_filters(&self, allowed: Allowed, problems: &mut Problems) {
        let advice = match allowed {
            Allowed::All => "pass --architecture conv",
            Allowed::Dense => "--tied and --pretrain need an mlp, so leave it out",
        };
        let set = [
            ("filters", self.filters.is_some()),
            ("kernel_size", self.kernel_size.is_some()),
            ("stride", self.stride.is_some()),
            ("pool", self.pool.is_some_and(|pool| pool != PoolName::None)),
        ];
        for (key, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            problems.add_of_data(key, format!("has no effect on an mlp, which has no convolutions; {advice}"));
        }
    }

    /// Returns the convolutions, or `None` after it has reported why there are none.
    fn convolutions(
        &self,
        name: ArchitectureName,
        samples: Samples<'_>,
        problems: &mut Problems,
    ) -> Option<Convolutions> {
        let filters = self.filters.clone().unwrap_or_else(|| DEFAULT_FILTERS.to_vec());
        let kernel_size = self.kernel_size.unwrap_or(DEFAULT_KERNEL_SIZE);
        let stride = self.stride.unwrap_or(DEFAULT_STRIDE);
        if filters.is_empty() || filters.contains(&0) {
            problems
                .add("filters", format!("is {filters:?}, but a network needs at least one layer of at least 1 filter"));
            return None;
        }
        if !check_layers("filters", &filters, 0, problems) {
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
        let shape = samples.shape;
        if let Some(largest) = shape.iter().copied().max().filter(|&largest| stride > largest) {
            problems.add_of_data(
                "stride",
                format!("is {stride}, but samples have at most {largest} values in a dimension"),
            );
            return None;
        }
        let sample = match samples.map() {
            Ok(sample) => sample,
            Err(expected) => {
                let problem = format!("is {name}, but samples have the shape {shape:?}; convolutions need {expected}");
                problems.add_of_data("architecture", problem);
                return None;
            }
        };
        let pooling = self.pool.unwrap_or_default().pooling();
        let convolutions = Convolutions { pooling, ..Convolutions::new(sample, &filters, kernel_size, stride) };
        let sizes = convolutions.sizes();
        let layer = sizes.windows(2).position(|pair| pair[0] == [1, 1] || exceeds(kernel_size, pair[0]));
        if let Some(layer) = layer {
            let [height, width] = sizes[layer];
            let map = format!("would get a map of {height} x {width} for its kernel of {kernel_size}");
            match (layer, height * width) {
                (0, 1) => problems.add_of_data(
                    "architecture",
                    format!("is {name}, but samples have a single position; pass --architecture mlp, or longer samples"),
                ),
                (0, _) => problems.add_of_data(
                    "kernel_size",
                    format!("is too large: the first layer (`encoder.conv0`) {map}; it must be below twice the map"),
                ),
                _ => problems.add_of_data(
                    "filters",
                    format!(
                        "has {} layers, but layer {} (`encoder.conv{layer}`) {map}; use fewer layers, a smaller --stride \
                         or a smaller --kernel-size",
                        filters.len(),
                        layer + 1
                    ),
                ),
            }
            return None;
        }
        Some(convolutions)
    }
}

/// Reports more convolutions than can be trained. Returns whether there are few enough.
fn check_layers(key: &'static str, filters: &[usize], blocks: usize, problems: &mut Problems) -> bool {
    let layers = filters.len().saturating_mul(blocks.saturating_mul(2).saturating_add(1));
    if layers > MOST_LAYERS {
        problems.add(key, format!("gives {layers} convolutions, but at most {MOST_LAYERS} can be trained"));
    }
    layers <= MOST_LAYERS
}

/// Returns whether a kernel is larger than a map with its padding: then all outputs see the same values.
fn exceeds(kernel_size: usize, size: [usize; 2]) -> bool {
    size.into_iter().any(|size| size > 1 && kernel_size / 2 >= size)
}

impl Architecture {
    /// Returns the architecture without hidden layers.
    pub(crate) fn linear() -> Self {
        let (normalisation, activation) = (Normalisation::None, Activation::Identity);
        Architecture { convolutions: None, hidden: Vec::new(), normalisation, activation }
    }

    /// Returns the name of the architecture.
    pub fn name(&self) -> ArchitectureName {
        match &self.convolutions {
            None => ArchitectureName::Mlp,
            Some(convolutions) if convolutions.blocks == 0 => ArchitectureName::Conv,
            Some(_) => ArchitectureName::Resnet,
        }
    }

    /// Returns the options that produce this architecture.
    pub(crate) fn options(&self) -> ArchitectureOptions {
        let maps = self.convolutions.as_ref();
        ArchitectureOptions {
            architecture: Some(self.name()),
            hidden: Some(self.hidden.clone()),
            activation: Some(self.activation),
            filters: maps.map(|maps| maps.filters.clone()),
            kernel_size: maps.and_then(|maps| maps.kernel.into_iter().max()),
            stride: maps.and_then(|maps| maps.stride.into_iter().max()),
            blocks: maps.map(|maps| maps.blocks).filter(|&blocks| blocks > 0),
            pool: maps.and_then(|maps| maps.pooling).map(PoolName::from),
            // Recorded only where there is one, so that older records keep their bytes.
            normalisation: Some(self.normalisation).filter(|&normalisation| normalisation != Normalisation::None),
        }
    }

    /// Rebuilds the architecture of a model from its recorded options. The record may come from anyone, so impossible
    /// convolutions are rejected, which could otherwise have any size.
    ///
    /// # Errors
    /// If no convolutions of these sizes are possible for the samples; the message continues "the model ...".
    pub(crate) fn recorded(options: ArchitectureOptions, samples: Samples<'_>) -> Result<Self, String> {
        let mut problems = Problems::default();
        let options = ArchitectureOptions {
            hidden: options.hidden.or(Some(Vec::new())),
            activation: options.activation.or(Some(Activation::Identity)),
            ..options
        };
        let checked = options.check(samples, Allowed::All, &mut problems);
        let impossible = |error: ConfigError| {
            let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
            format!("has an impossible architecture for samples of {:?}: {}", samples.shape, problems.join("; "))
        };
        problems.none_or(checked).map_err(impossible)
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
