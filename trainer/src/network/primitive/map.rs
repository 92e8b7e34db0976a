//! Conversion between rows of features and maps of channels.
//!
//! A row of features has the order of the data: height, width, channels. A map has the shape
//! `[channels, height, width]`, the order of ONNX and Candle. Kernels store maps in the order of the data, so that
//! both conversions are copies for them.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::{Operation, single_input},
    },
    numeric::{Matrix, Write},
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
}

impl Operation for ToMap {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let (shape, ToMap { channels, height, width }) = (single_input(inputs)?, *self);
        if shape == [height * width * channels] && channels > 0 {
            Ok(vec![channels, height, width])
        } else {
            Err(format!("expects {height} x {width} x {channels} features, got the shape {shape:?}"))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("to map expects 1 input") };
        x.reshape((x.dim(0)?, self.height, self.width, self.channels))?.permute((0, 3, 1, 2))?.contiguous()
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let (x, ToMap { channels, height, width }) = (inputs.first().cloned().unwrap_or_default(), *self);
        let [channels, height, width] = [channels, height, width].map(|size| size as i64);
        // With one channel both orders are the same.
        if channels == 1 {
            let shape = call.integers("shape", &[-1, 1, height, width]);
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
        let (shape, FromMap { channels, height, width }) = (single_input(inputs)?, *self);
        if shape == [channels, height, width] {
            Ok(vec![height * width * channels])
        } else {
            Err(format!("expects the shape {:?}, got {shape:?}", [channels, height, width]))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("from map expects 1 input") };
        x.permute((0, 2, 3, 1))?.contiguous()?.flatten_from(1)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let mut x = inputs.first().cloned().unwrap_or_default();
        if self.channels > 1 {
            x = call.node_with_integers("Transpose", &[x], "perm", &[0, 2, 3, 1]);
        }
        let shape = call.integers("shape", &[-1, (self.height * self.width * self.channels) as i64]);
        call.node("Reshape", &[x, shape])
    }

    fn describe(&self) -> String {
        format!("from map {} x {} x {}", self.channels, self.height, self.width)
    }
}

/// Copies its only input, because the order in memory does not change.
macro_rules! copying_kernel {
    ($name:ident) => {
        impl Kernel for $name {
            fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
                let [x] = exactly(inputs);
                y.copy_from_slice(x.floats());
            }

            fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
                dx.iter_mut().zip(context.dy).for_each(|(dx, dy)| how.write(dx, *dy));
            }
        }
    };
}

copying_kernel!(ToMap);
copying_kernel!(FromMap);
