//! Adds one value per channel to a map, for example the bias of a class.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::Operation,
    },
    numeric::{Matrix, Write, copy},
    onnx::Call,
};

/// `[channels, height, width] + [channels]`.
///
/// With the row of a label as the second input it equals a convolution that also receives one-hot planes of the class,
/// except at the border: there a plane is padded with zeros and counts less, whereas this bias is the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddChannels {
    /// Number of channels.
    pub channels: usize,
}

impl Operation for AddChannels {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match inputs {
            [map @ [channels, _, _], [values]] if [channels, values] == [&self.channels; 2] && self.channels > 0 => {
                Ok(map.to_vec())
            }
            _ => Err(format!("expects a map of {0} channels and {0} values, got {inputs:?}", self.channels)),
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [map, values] = inputs else { candle_core::bail!("add channels expects 2 inputs") };
        map.broadcast_add(&values.reshape((values.dim(0)?, self.channels, 1, 1))?)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let [map, values] = [0, 1].map(|index| inputs.get(index).cloned().unwrap_or_default());
        let shape = call.integers("shape", &[-1, self.channels as i64, 1, 1]);
        let values = call.node("Reshape", &[values, shape]);
        call.node("Add", &[map, values])
    }

    fn describe(&self) -> String {
        format!("add to {} channels", self.channels)
    }
}

impl Kernel for AddChannels {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [map, values] = exactly(inputs);
        let (map, rows) = (map.floats(), values.floats().chunks_exact(self.channels));
        let width = y.len() / rows.len().max(1);
        for ((y, map), values) in y.chunks_exact_mut(width.max(1)).zip(map.chunks_exact(width.max(1))).zip(rows) {
            for (y, map) in y.chunks_exact_mut(self.channels).zip(map.chunks_exact(self.channels)) {
                for ((y, map), value) in y.iter_mut().zip(map).zip(values) {
                    *y = map + value;
                }
            }
        }
    }

    fn input_gradient(&self, index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        if index == 0 {
            copy(context.dy, dx, how);
            return;
        }
        let rows = dx.chunks_exact_mut(self.channels);
        let width = (context.dy.len() / rows.len().max(1)).max(1);
        for (dx, dy) in rows.zip(context.dy.chunks_exact(width)) {
            if how == Write::Set {
                dx.fill(0.0);
            }
            for dy in dy.chunks_exact(self.channels) {
                dx.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy);
            }
        }
    }
}
