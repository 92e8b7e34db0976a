//! Convolutional layers of encoders and decoders.
//!
//! The encoder has strided convolutions. The decoder mirrors them: each of its layers upsamples by the stride, crops to
//! the size that the encoder had there, and convolves, so that any size is restored exactly. A residual network has
//! blocks of two more convolutions at every size (He et al. 2016).

use super::{
    Add, AddChannels, Conv2d, FromMap, Graph, GraphError, LabelRow, Pool, Pooling, SampleMap, ToMap, Value,
    layers::{Hidden, Label, activated},
    sample_map::Order,
};
use crate::numeric::{Convolution, Windows};

/// Convolutional layers between a sample and a vector of features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolutions {
    /// The sample as a map.
    pub sample: SampleMap,
    /// Number of output channels of each layer of the encoder.
    pub filters: Vec<usize>,
    /// Height and width of the kernels: 1 in a dimension of size 1.
    pub kernel: [usize; 2],
    /// Stride of the encoder's layers: 1 in a dimension of size 1.
    pub stride: [usize; 2],
    /// Number of residual blocks after each layer of the encoder, and before each layer of the decoder.
    pub blocks: usize,
    /// Pooling of the encoder's layers by the stride, whose convolutions then have a stride of 1; `None` for strided
    /// convolutions.
    pub pooling: Option<Pooling>,
}

impl Convolutions {
    /// Creates layers without residual blocks. Kernel and stride do not extend in a dimension of size 1.
    pub fn new(sample: SampleMap, filters: &[usize], kernel: usize, stride: usize) -> Self {
        let [kernel, stride] = [kernel, stride].map(|value| sample.size.map(|size| if size == 1 { 1 } else { value }));
        Convolutions { sample, filters: filters.to_vec(), kernel, stride, blocks: 0, pooling: None }
    }

    /// Returns the size of the map after each layer of the encoder, beginning with that of the sample.
    pub fn sizes(&self) -> Vec<[usize; 2]> {
        let mut sizes = vec![self.sample.size];
        for _ in &self.filters {
            let size = *sizes.last().unwrap_or(&self.sample.size);
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
        let [height, width] = self.sizes().last().copied().unwrap_or(self.sample.size);
        (height * width).saturating_mul(self.filters.last().copied().unwrap_or(self.sample.channels))
    }

    fn padding(&self) -> [usize; 2] {
        self.kernel.map(|kernel| kernel / 2)
    }

    /// Returns the number of channels of each map, beginning with that of the sample.
    fn widths(&self) -> Vec<usize> {
        [self.sample.channels].into_iter().chain(self.filters.iter().copied()).collect()
    }

    /// Adds the layers of the encoder, from features `x` to features. The first layer receives the label.
    pub(super) fn encode(
        &self,
        graph: &mut Graph,
        x: Value,
        mut label: Label,
        hidden: Hidden,
    ) -> Result<Value, GraphError> {
        let (sizes, widths) = (self.sizes(), self.widths());
        let SampleMap { size: [height, width], channels, order } = self.sample;
        let mut map = graph.node("encoder.map", ToMap { channels, height, width, order }, &[x])?;
        for index in 0..self.filters.len() {
            let name = format!("encoder.conv{index}");
            let convolution = Convolution {
                input: sizes[index],
                in_channels: widths[index],
                out_channels: widths[index + 1],
                kernel: self.kernel,
                stride: if self.pooling.is_some() { [1, 1] } else { self.stride },
                padding: self.padding(),
                upsampling: [1, 1],
                cropped: sizes[index],
            };
            map = convolved(graph, &name, map, convolution, label.take())?;
            map = hidden.finish(graph, &name, map)?;
            if let Some(pooling) = self.pooling {
                let windows = Windows { input: sizes[index], window: self.stride, channels: widths[index + 1] };
                map = graph.node(format!("{name}.pool"), Pool { windows, pooling }, &[map])?;
            }
            map = self.residual_blocks(graph, &name, map, index + 1, hidden)?;
        }
        let (channels, [height, width]) = (widths[self.filters.len()], sizes[self.filters.len()]);
        graph.node("encoder.flatten", FromMap { channels, height, width, order: Order::ChannelsLast }, &[map])
    }

    /// Adds the layers of the decoder, from features of the last map to the logits of a sample. The last layer has no
    /// normalisation and no activation.
    pub(super) fn decode(&self, graph: &mut Graph, x: Value, hidden: Hidden) -> Result<Value, GraphError> {
        let (sizes, widths) = (self.sizes(), self.widths());
        let last = self.filters.len();
        let (channels, [height, width]) = (widths[last], sizes[last]);
        let mut map = graph.node("decoder.map", ToMap { channels, height, width, order: Order::ChannelsLast }, &[x])?;
        for index in (0..last).rev() {
            let layer = format!("decoder.conv{}", last - 1 - index);
            map = self.residual_blocks(graph, &layer, map, index + 1, hidden)?;
            let name = if index == 0 { "decoder.logits" } else { &layer };
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
            map = convolved(graph, name, map, convolution, None)?;
            if index > 0 {
                map = hidden.finish(graph, name, map)?;
            }
        }
        let SampleMap { size: [height, width], channels, order } = self.sample;
        graph.node("decoder.flatten", FromMap { channels, height, width, order }, &[map])
    }

    /// Adds the residual blocks that belong to the layer `name`, on a map of the size after `layer` layers. A block
    /// computes `activation(x + f(x))`, where `f` is a convolution, an activation and a convolution, each convolution
    /// with its normalisation.
    fn residual_blocks(
        &self,
        graph: &mut Graph,
        name: &str,
        mut map: Value,
        layer: usize,
        hidden: Hidden,
    ) -> Result<Value, GraphError> {
        let (size, channels) = (self.sizes()[layer], self.widths()[layer]);
        let convolution = Convolution {
            input: size,
            in_channels: channels,
            out_channels: channels,
            kernel: self.kernel,
            stride: [1, 1],
            padding: self.padding(),
            upsampling: [1, 1],
            cropped: size,
        };
        for block in 0..self.blocks {
            let name = format!("{name}.block{block}");
            let [first, second] = [0, 1].map(|index| format!("{name}.{index}"));
            let mut change = graph.node(&first, Conv2d::new(convolution.clone()), &[map])?;
            change = hidden.finish(graph, &first, change)?;
            change = graph.node(&second, Conv2d::new(convolution.clone()), &[change])?;
            change = hidden.normalised(graph, &second, change)?;
            let sum = graph.node(format!("{name}.sum"), Add, &[map, change])?;
            map = activated(graph, &name, sum, hidden.activation)?;
        }
        Ok(map)
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
    use crate::network::{Activation, Normalisation, builder::Builder};

    fn builder(shape: &[usize], filters: &[usize], stride: usize, classes: Option<usize>) -> Builder {
        Builder {
            features: shape.iter().product(),
            convolutions: SampleMap::of_image(shape).map(|sample| Convolutions::new(sample, filters, 3, stride)),
            hidden: vec![5],
            latent_dim: 2,
            normalisation: Normalisation::None,
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
        let sample = SampleMap::of_series(&[3, 100]).expect("a series");
        let convolutions = Convolutions::new(sample, &[8], 5, 2);
        assert_eq!(
            (convolutions.kernel, convolutions.stride, convolutions.sizes()),
            ([1, 5], [1, 2], vec![[1, 100], [1, 50]])
        );
        assert_eq!(sample.channels, 3);
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
