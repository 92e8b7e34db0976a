//! Conversion between rows of features and maps of channels.
//!
//! A row of features has the order of the data: height, width, channels for images, and channels, length for series.
//! A map has the shape `[channels, height, width]`, the order of ONNX and Candle. Kernels store maps with the channels
//! last, so that for images both conversions are copies for them.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::{Operation, single_input},
        sample_map::Order,
    },
    numeric::{Matrix, Write, copy, transpose_rows},
    onnx::Call,
};

/// `[height * width * channels]` to `[channels, height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToMap {
    /// Number of channels.
    pub channels: usize,
    /// Height of the map.
    pub height: usize,
    /// Width of the map.
    pub width: usize,
    /// Order of the features.
    pub order: Order,
}

/// `[channels, height, width]` to `[height * width * channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FromMap {
    /// Number of channels.
    pub channels: usize,
    /// Height of the map.
    pub height: usize,
    /// Width of the map.
    pub width: usize,
    /// Order of the features.
    pub order: Order,
}

impl Operation for ToMap {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let (shape, ToMap { channels, height, width, .. }) = (single_input(inputs)?, *self);
        if shape == [height * width * channels] && channels > 0 {
            Ok(vec![channels, height, width])
        } else {
            Err(format!("expects {height} x {width} x {channels} features, got the shape {shape:?}"))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("to map expects 1 input") };
        let (batch, ToMap { channels, height, width, order }) = (x.dim(0)?, *self);
        match order {
            Order::ChannelsLast => x.reshape((batch, height, width, channels))?.permute((0, 3, 1, 2))?.contiguous(),
            Order::ChannelsFirst => x.reshape((batch, channels, height, width)),
        }
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let (x, ToMap { channels, height, width, order }) = (inputs.first().cloned().unwrap_or_default(), *self);
        let [channels, height, width] = [channels, height, width].map(|size| size as i64);
        // With one channel both orders are the same.
        if channels == 1 || order == Order::ChannelsFirst {
            let shape = call.integers("shape", &[-1, channels, height, width]);
            return call.node("Reshape", &[x, shape]);
        }
        let shape = call.integers("shape", &[-1, height, width, channels]);
        let x = call.node("Reshape", &[x, shape]);
        call.node_with_integers("Transpose", &[x], "perm", &[0, 3, 1, 2])
    }

    fn describe(&self) -> String {
        format!("to map {} x {} x {}", self.channels, self.height, self.width)
    }
}

impl Operation for FromMap {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let (shape, FromMap { channels, height, width, .. }) = (single_input(inputs)?, *self);
        if shape == [channels, height, width] {
            Ok(vec![height * width * channels])
        } else {
            Err(format!("expects the shape {:?}, got {shape:?}", [channels, height, width]))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("from map expects 1 input") };
        match self.order {
            Order::ChannelsLast => x.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1),
            Order::ChannelsFirst => x.flatten_from(1),
        }
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let mut x = inputs.first().cloned().unwrap_or_default();
        if self.channels > 1 && self.order == Order::ChannelsLast {
            x = call.node_with_integers("Transpose", &[x], "perm", &[0, 2, 3, 1]);
        }
        let shape = call.integers("shape", &[-1, (self.height * self.width * self.channels) as i64]);
        call.node("Reshape", &[x, shape])
    }

    fn describe(&self) -> String {
        format!("from map {} x {} x {}", self.channels, self.height, self.width)
    }
}

impl Kernel for ToMap {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        match self.order {
            Order::ChannelsLast => y.copy_from_slice(x.floats()),
            Order::ChannelsFirst => {
                transpose_rows(x.floats(), [self.channels, self.height * self.width], y, Write::Set);
            }
        }
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        match self.order {
            Order::ChannelsLast => copy(context.dy, dx, how),
            Order::ChannelsFirst => transpose_rows(context.dy, [self.height * self.width, self.channels], dx, how),
        }
    }
}

impl Kernel for FromMap {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        match self.order {
            Order::ChannelsLast => y.copy_from_slice(x.floats()),
            Order::ChannelsFirst => {
                transpose_rows(x.floats(), [self.height * self.width, self.channels], y, Write::Set);
            }
        }
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        match self.order {
            Order::ChannelsLast => copy(context.dy, dx, how),
            Order::ChannelsFirst => transpose_rows(context.dy, [self.channels, self.height * self.width], dx, how),
        }
    }
}
