//! Batch normalisation without scale and shift, which are a primitive of their own.
//!
//! In training, each channel is normalised by its mean and variance over the batch (Ioffe and Szegedy 2015). Everything
//! else uses running averages of these statistics, which are parameters without a gradient.

use candle_core::{Result as CandleResult, Tensor};

use crate::{
    network::{
        channels::{broadcastable, channels, same_shape},
        kernel::{BackwardContext, Kernel, KernelInput, exactly, vector},
        operation::Operation,
        parameter::{Initial, ParameterSpec, Role},
    },
    numeric::{EPSILON, Matrix, Write, normalise_channels, normalise_channels_gradient},
    onnx::Call,
};

/// `[channels]` or `[channels, height, width]` to the same shape, with the running `mean: [channels]` and
/// `variance: [channels]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchNorm {
    /// Shape of one row, `[channels]` or `[channels, height, width]`.
    pub shape: Vec<usize>,
}

impl Operation for BatchNorm {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        same_shape(inputs, &self.shape)
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let statistic = |name, initial| ParameterSpec {
            name,
            shape: vec![channels(&self.shape)],
            initial: Initial::Constant(initial),
            role: Role::Statistic,
        };
        vec![statistic("mean", 0.0), statistic("variance", 1.0)]
    }

    fn batch_channels(&self) -> Option<usize> {
        Some(channels(&self.shape))
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> CandleResult<Tensor> {
        let ([x], [mean, variance]) = (inputs, parameters) else {
            candle_core::bail!("batch normalisation expects x, mean and variance");
        };
        let deviation = (variance + f64::from(EPSILON))?.sqrt()?;
        x.broadcast_sub(&broadcastable(mean, &self.shape)?)?.broadcast_div(&broadcastable(&deviation, &self.shape)?)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    /// Exported graphs have the statistics folded into the layer before; only graphs where that is impossible contain
    /// these nodes.
    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let x = inputs.first().cloned().unwrap_or_default();
        let count = channels(&self.shape);
        let [ones, zeros] =
            [("ones", 1.0), ("zeros", 0.0)].map(|(name, value)| call.floats(name, &[count], &vec![value; count]));
        let [mean, variance] = ["mean", "variance"].map(|name| call.parameter(name));
        call.node_with_float("BatchNormalization", &[x, ones, zeros, mean, variance], "epsilon", EPSILON)
    }

    fn describe(&self) -> String {
        format!("batch norm of {} channels", channels(&self.shape))
    }
}

impl Kernel for BatchNorm {
    /// The parameters are the mean and the variance, of the batch or running.
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let ([x], [mean, variance]) = (exactly(inputs), exactly(parameters).map(vector));
        normalise_channels(x.floats(), mean, variance, y);
    }

    /// The parameters are those of `forward`. For statistics of the batch two more follow: the means of `dy` and of
    /// `dy * y` over the batch.
    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let (values, zeros) = ((context.y, context.dy), vec![0.0; channels(&self.shape)]);
        match *context.parameters {
            [_, variance] => normalise_channels_gradient(values, vector(variance), [&zeros; 2], dx, how),
            [_, variance, dy, product] => {
                normalise_channels_gradient(values, vector(variance), [vector(dy), vector(product)], dx, how);
            }
            _ => unreachable!("batch normalisation has 2 statistics, and 2 means of the gradient"),
        }
    }
}
