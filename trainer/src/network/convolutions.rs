//! Convolutional layers of encoders and decoders.
//!
//! The encoder has strided convolutions. The decoder mirrors them: each of its layers upsamples by the stride, crops to
//! the size that the encoder had there, and convolves, so that any size is restored exactly.

use super::{
    Activation, AddChannels, Conv2d, FromMap, Graph, GraphError, LabelRow, ToMap, Value,
    layers::{Label, activated},
};
use crate::numeric::Convolution;

/// Convolutional layers between an image and a vector of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolutions {
    /// Height and width of a sample. The height of a series is 1.
    pub size: [usize; 2],
    /// Number of channels of a sample.
    pub channels: usize,
    /// Number of output channels of each layer of the encoder.
    pub filters: Vec<usize>,
    /// Height and width of the kernels: 1 in a dimension of size 1.
    pub kernel: [usize; 2],
    /// Stride of the encoder's layers: 1 in a dimension of size 1.
    pub stride: [usize; 2],
}

impl Convolutions {
    /// Returns the convolutions for samples of a shape: `[height, width]`, `[height, width, channels]` or `[length]`,
    /// or `None` for another shape. Kernel and stride do not extend in a dimension of size 1.
    pub fn of_shape(shape: &[usize], filters: &[usize], kernel: usize, stride: usize) -> Option<Self> {
        let (size, channels) = match *shape {
            [length] => ([1, length], 1),
            [height, width] => ([height, width], 1),
            [height, width, channels] => ([height, width], channels),
            _ => return None,
        };
        let [kernel, stride] = [kernel, stride].map(|value| size.map(|size| if size == 1 { 1 } else { value }));
        Some(Convolutions { size, channels, filters: filters.to_vec(), kernel, stride })
    }

    /// Returns the size of the map after each layer of the encoder, beginning with that of the sample.
    pub fn sizes(&self) -> Vec<[usize; 2]> {
        let mut sizes = vec![self.size];
        for _ in &self.filters {
            let size = *sizes.last().unwrap_or(&self.size);
            sizes.push([0, 1].map(|axis| {
                size[axis].saturating_add(self.padding()[axis].saturating_mul(2)).saturating_sub(self.kernel[axis])
                    / self.stride[axis].max(1)
                    + 1
            }));
        }
        sizes
    }

    /// Returns the number of features of the last map.
    pub fn features(&self) -> usize {
        let [height, width] = self.sizes().last().copied().unwrap_or(self.size);
        (height * width).saturating_mul(self.filters.last().copied().unwrap_or(self.channels))
    }

    fn padding(&self) -> [usize; 2] {
        self.kernel.map(|kernel| kernel / 2)
    }

    /// Returns the number of channels of each map, beginning with that of the sample.
    fn widths(&self) -> Vec<usize> {
        [self.channels].into_iter().chain(self.filters.iter().copied()).collect()
    }

    /// Adds the layers of the encoder, from features `x` to features. The first layer receives the label.
    pub(super) fn encode(
        &self,
        graph: &mut Graph,
        x: Value,
        mut label: Label,
        activation: Activation,
    ) -> Result<Value, GraphError> {
        let (sizes, widths) = (self.sizes(), self.widths());
        let [height, width] = self.size;
        let mut map = graph.node("encoder.map", ToMap { channels: self.channels, height, width }, &[x])?;
        for index in 0..self.filters.len() {
            let name = format!("encoder.conv{index}");
            let convolution = Convolution {
                input: sizes[index],
                in_channels: widths[index],
                out_channels: widths[index + 1],
                kernel: self.kernel,
                stride: self.stride,
                padding: self.padding(),
                upsampling: [1, 1],
                cropped: sizes[index],
            };
            map = convolved(graph, &name, map, convolution, label.take())?;
            map = activated(graph, &name, map, activation)?;
        }
        self.features_of(graph, "encoder.flatten", map, self.filters.len())
    }

    /// Adds the layers of the decoder, from features of the last map to the logits of a sample. The last layer has no
    /// activation.
    pub(super) fn decode(&self, graph: &mut Graph, x: Value, activation: Activation) -> Result<Value, GraphError> {
        let (sizes, widths) = (self.sizes(), self.widths());
        let last = self.filters.len();
        let [height, width] = sizes[last];
        let mut map = graph.node("decoder.map", ToMap { channels: widths[last], height, width }, &[x])?;
        for index in (0..last).rev() {
            let name =
                if index == 0 { "decoder.logits".to_owned() } else { format!("decoder.conv{}", last - 1 - index) };
            let convolution = Convolution {
                input: sizes[index + 1],
                in_channels: widths[index + 1],
                out_channels: widths[index],
                kernel: self.kernel,
                stride: [1, 1],
                padding: self.padding(),
                upsampling: self.stride,
                cropped: sizes[index],
            };
            map = convolved(graph, &name, map, convolution, None)?;
            if index > 0 {
                map = activated(graph, &name, map, activation)?;
            }
        }
        self.features_of(graph, "decoder.flatten", map, 0)
    }

    fn features_of(&self, graph: &mut Graph, name: &str, map: Value, layer: usize) -> Result<Value, GraphError> {
        let (channels, [height, width]) = (self.widths()[layer], self.sizes()[layer]);
        graph.node(name, FromMap { channels, height, width }, &[map])
    }
}

/// Adds a convolution and, with a label, the bias of the class per channel.
fn convolved(
    graph: &mut Graph,
    name: &str,
    map: Value,
    convolution: Convolution,
    label: Label,
) -> Result<Value, GraphError> {
    let classes = label.map_or(0, |(_, classes)| classes);
    let fan_in = (convolution.in_channels + classes) * convolution.taps();
    let channels = convolution.out_channels;
    let linear = graph.node(name, Conv2d { convolution, fan_in }, &[map])?;
    match label {
        None => Ok(linear),
        Some((label, classes)) => {
            let row = graph.node(format!("{name}.label"), LabelRow { classes, outputs: channels, fan_in }, &[label])?;
            graph.node(format!("{name}.sum"), AddChannels { channels }, &[linear, row])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::builder::Builder;

    fn builder(shape: &[usize], filters: &[usize], stride: usize, classes: Option<usize>) -> Builder {
        Builder {
            features: shape.iter().product(),
            convolutions: Convolutions::of_shape(shape, filters, 3, stride),
            hidden: vec![5],
            latent_dim: 2,
            activation: Activation::Relu,
            latent_activation: Activation::Identity,
            classes,
        }
    }

    #[test]
    fn the_decoder_restores_every_size() {
        let shapes: [&[usize]; 6] = [&[28, 28], &[19, 23], &[33, 64], &[187], &[1, 50], &[17, 9, 3]];
        for (shape, stride) in shapes.iter().flat_map(|shape| [(shape, 1), (shape, 2), (shape, 3)]) {
            let builder = builder(shape, &[4, 6], stride, Some(3));
            let (encoder, decoder) = (builder.variational_encoder(), builder.decoder());
            let (encoder, decoder) = (encoder.expect("valid sizes"), decoder.expect("valid sizes"));
            assert_eq!(encoder.shape(encoder.outputs()[0].1), [2], "{shape:?}");
            assert_eq!(decoder.shape(decoder.outputs()[0].1), [builder.features], "{shape:?}");
        }
    }

    #[test]
    fn a_series_has_kernels_of_height_1() {
        let convolutions = Convolutions::of_shape(&[100], &[8], 5, 2).expect("a series");
        assert_eq!(
            (convolutions.kernel, convolutions.stride, convolutions.sizes()),
            ([1, 5], [1, 2], vec![[1, 100], [1, 50]])
        );
        assert!(Convolutions::of_shape(&[2, 3, 4, 5], &[8], 3, 2).is_none());
    }

    #[test]
    fn the_network_of_published_figures_has_its_number_of_parameters() {
        let builder = Builder { hidden: Vec::new(), latent_dim: 20, ..builder(&[28, 28], &[32, 64], 2, None) };
        let count =
            |graph: &Graph| graph.parameters().map(|(_, spec)| spec.shape.iter().product::<usize>()).sum::<usize>();
        let graphs = [builder.variational_encoder().expect("valid"), builder.decoder().expect("valid")];
        assert_eq!(graphs.iter().map(count).sum::<usize>(), 228_905);
    }

    #[test]
    fn the_first_convolution_receives_the_label_as_a_bias_per_channel() {
        let encoder = builder(&[8, 8], &[4], 2, Some(3)).encoder().expect("valid sizes");
        let names: Vec<&str> = encoder.nodes().iter().map(|node| node.name.as_str()).collect();
        assert!(names.starts_with(&["encoder.map", "encoder.conv0", "encoder.conv0.label", "encoder.conv0.sum"]));
    }
}
