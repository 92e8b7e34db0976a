//! Trained scale and shift of each channel, which follow a normalisation.

use candle_core::{Result as CandleResult, Tensor};

use crate::{
    network::{
        channels::{broadcast_shape, broadcastable, channels, same_shape},
        kernel::{BackwardContext, Kernel, KernelInput, ParameterRows, Split, exactly, vector},
        operation::Operation,
        parameter::{Initial, ParameterSpec},
    },
    numeric::{Matrix, Write, scale_channels, scale_channels_gradient, sum_products, sum_rows},
    onnx::Call,
};

/// `[channels]` or `[channels, height, width]` to the same shape: `x * weight + bias` with `weight: [channels]` and
/// `bias: [channels]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleChannels {
    /// Shape of one row, `[channels]` or `[channels, height, width]`.
    pub shape: Vec<usize>,
}

impl Operation for ScaleChannels {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        same_shape(inputs, &self.shape)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let parameter =
            |name, initial| ParameterSpec::trained(name, vec![channels(&self.shape)], Initial::Constant(initial));
        vec![parameter("weight", 1.0), parameter("bias", 0.0)]
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> CandleResult<Tensor> {
        let ([x], [weight, bias]) = (inputs, parameters) else {
            candle_core::bail!("scale channels expects x, weight and bias");
        };
        x.broadcast_mul(&broadcastable(weight, &self.shape)?)?.broadcast_add(&broadcastable(bias, &self.shape)?)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let x = inputs.first().cloned().unwrap_or_default();
        let shape = broadcast_shape(&self.shape);
        let [weight, bias] = ["weight", "bias"]
            .map(|name| call.reshaped_parameter(name, &shape, |values| values.iter().copied().collect()));
        let scaled = call.node("Mul", &[x, weight]);
        call.node("Add", &[scaled, bias])
    }

    fn describe(&self) -> String {
        format!("scale {} channels", channels(&self.shape))
    }
}

impl Kernel for ScaleChannels {
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let ([x], [weight, bias]) = (exactly(inputs), exactly(parameters));
        let [weight, bias] = [weight, bias].map(vector);
        scale_channels(x.floats(), weight, bias, y);
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [weight, _] = exactly(context.parameters);
        scale_channels_gradient(context.dy, vector(weight), dx, how);
    }

    fn parameter_gradient(
        &self,
        of: &ParameterRows,
        inputs: &[KernelInput<'_>],
        dy: &[f32],
        into: &mut [f32],
        how: Write,
    ) {
        let [x] = exactly(inputs);
        match of.parameter {
            0 => sum_products(x.floats(), dy, into, how),
            1 => sum_rows(dy, into, how),
            other => unreachable!("a scale has the parameters 0 (weight) and 1 (bias), not {other}"),
        }
    }

    fn split(&self, _parameter: usize) -> Split {
        Split { multiple: 1, work: self.shape.iter().skip(1).product() }
    }
}
