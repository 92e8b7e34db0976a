//! A 2-D convolution, optionally preceded by nearest-neighbour upsampling.
//!
//! A convolution of a series is a 2-D convolution of height 1. Upsampling and cropping are part of the primitive,
//! because the kernel never computes the upsampled map.

use candle_core::{Result as CandleResult, Tensor};
use ndarray::{ArrayD, Axis};

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, ParameterRows, Split, exactly, vector},
        operation::{Operation, single_input},
        parameter::{Initial, ParameterSpec},
    },
    numeric::{Convolution, Matrix, Write, sum_rows},
    onnx::Call,
};

/// `[in_channels, height, width]` to `[out_channels, out_height, out_width]`, with
/// `weight: [in_channels * kernel_height * kernel_width, out_channels]` and `bias: [out_channels]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conv2d {
    /// Sizes of the maps, the kernel, the stride and the padding.
    pub convolution: Convolution,
    /// Number of inputs of an output value for the initialisation. It exceeds the size of the kernel if the layer also
    /// receives a label.
    pub fan_in: usize,
}

impl Conv2d {
    /// Creates a layer without a label.
    pub fn new(convolution: Convolution) -> Self {
        let fan_in = convolution.in_channels * convolution.taps();
        Conv2d { convolution, fan_in }
    }

    /// Evaluates the layer in Candle. `add` combines the product `[batch, positions, out_channels]` with the bias.
    pub(crate) fn with_bias(
        &self,
        inputs: &[Tensor],
        parameters: &[Tensor],
        add: impl Fn(&Tensor, &Tensor) -> CandleResult<Tensor>,
    ) -> CandleResult<Tensor> {
        let ([x], [weight, bias]) = (inputs, parameters) else {
            candle_core::bail!("conv2d expects x, weight and bias");
        };
        let Convolution { out_channels, padding, .. } = &self.convolution;
        let mut x = self.upsampled(x)?;
        for (dimension, padding) in [(2, padding[0]), (3, padding[1])] {
            if padding > 0 {
                x = x.pad_with_zeros(dimension, padding, padding)?;
            }
        }
        let [height, width] = self.convolution.output();
        let patches = add(&self.patches(&x)?.broadcast_matmul(weight)?, bias)?;
        patches.transpose(1, 2)?.contiguous()?.reshape((x.dim(0)?, *out_channels, height, width))
    }

    fn check(&self) -> Result<(), String> {
        let Convolution { input, in_channels, out_channels, kernel, stride, padding, upsampling, cropped } =
            &self.convolution;
        let positive = [input, kernel, stride, upsampling, cropped];
        if positive.into_iter().flatten().chain([in_channels, out_channels]).any(|&size| size == 0) {
            return Err("needs at least 1 channel and sizes of at least 1".to_owned());
        }
        for axis in 0..2 {
            if cropped[axis] > input[axis] * upsampling[axis] {
                return Err(format!(
                    "cannot crop a map of {} to {}: it is smaller",
                    input[axis] * upsampling[axis],
                    cropped[axis]
                ));
            }
            if kernel[axis] > cropped[axis] + 2 * padding[axis] {
                return Err(format!(
                    "has a kernel of {kernel:?}, larger than the map of {cropped:?} with a padding of {padding:?}"
                ));
            }
        }
        Ok(())
    }
}

impl Operation for Conv2d {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = single_input(inputs)?;
        let Convolution { input: [height, width], in_channels, out_channels, .. } = self.convolution;
        if shape != [in_channels, height, width] {
            return Err(format!("expects the shape {:?}, got {shape:?}", [in_channels, height, width]));
        }
        self.check()?;
        let [height, width] = self.convolution.output();
        Ok(vec![out_channels, height, width])
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let (initial, outputs) = (Initial::FanIn(self.fan_in), self.convolution.out_channels);
        let inputs = self.convolution.in_channels * self.convolution.taps();
        vec![
            ParameterSpec::trained("weight", vec![inputs, outputs], initial),
            ParameterSpec::trained("bias", vec![outputs], initial),
        ]
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> CandleResult<Tensor> {
        self.with_bias(inputs, parameters, Tensor::broadcast_add)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let Convolution { input, in_channels, out_channels, kernel, stride, padding, upsampling, cropped } =
            &self.convolution;
        let mut x = inputs.first().cloned().unwrap_or_default();
        if *upsampling != [1, 1] {
            let scales = call.floats("scales", &[4], &[1.0, 1.0, upsampling[0] as f32, upsampling[1] as f32]);
            x = call.resize_nearest(&x, &scales);
            if [0, 1].iter().any(|&axis| cropped[axis] != input[axis] * upsampling[axis]) {
                let starts = call.integers("starts", &[0, 0]);
                let ends = call.integers("ends", &[cropped[0] as i64, cropped[1] as i64]);
                let axes = call.integers("axes", &[2, 3]);
                x = call.node("Slice", &[x, starts, ends, axes]);
            }
        }
        let shape = [*out_channels, *in_channels, kernel[0], kernel[1]];
        let weight = call.reshaped_parameter("weight", &shape, |weight: &ArrayD<f32>| {
            weight.lanes(Axis(0)).into_iter().flatten().copied().collect()
        });
        let bias = call.parameter("bias");
        // A map of height 1 has one output row for every stride, and candle-onnx wants equal strides.
        let stride = if self.convolution.output()[0] == 1 { [stride[1]; 2] } else { *stride };
        let integers = |values: &[usize]| values.iter().map(|&value| value as i64).collect::<Vec<_>>();
        call.conv(&[x, weight, bias], &integers(&stride), &integers(&[padding[0], padding[1], padding[0], padding[1]]))
    }

    fn multiply_adds(&self) -> u64 {
        self.convolution.multiply_adds() as u64
    }

    fn composed_values(&self) -> usize {
        // The patches, and a copy of them in the order of the product.
        let [height, width] = self.convolution.output();
        2 * height * width * self.convolution.in_channels * self.convolution.taps()
    }

    fn describe(&self) -> String {
        let Convolution { in_channels, out_channels, kernel, stride, upsampling, .. } = &self.convolution;
        let upsampling = match upsampling {
            [1, 1] => String::new(),
            [height, width] => format!("upsampling {height} x {width}, "),
        };
        format!(
            "{upsampling}conv2d {in_channels} -> {out_channels}, kernel {} x {}, stride {}",
            kernel[0], kernel[1], stride[1]
        )
    }
}

impl Conv2d {
    /// Returns the inputs of every output position, `[batch, positions, in_channels * taps]`, from the padded map.
    ///
    /// Candle's own convolution has gradients of a wrong shape if the stride leaves different remainders in both
    /// dimensions.
    fn patches(&self, x: &Tensor) -> CandleResult<Tensor> {
        let (Convolution { in_channels, kernel, stride, .. }, output) = (&self.convolution, self.convolution.output());
        let strided = |x: &Tensor, axis: usize, offset: usize| {
            let indices: Vec<u32> = (0..output[axis]).map(|index| (offset + index * stride[axis]) as u32).collect();
            x.contiguous()?.index_select(&Tensor::new(indices, x.device())?, axis + 2)
        };
        let mut taps = Vec::with_capacity(self.convolution.taps());
        for row in 0..kernel[0] {
            let rows = strided(x, 0, row)?;
            for column in 0..kernel[1] {
                taps.push(strided(&rows, 1, column)?);
            }
        }
        let positions = output[0] * output[1];
        let patches = Tensor::stack(&taps, 2)?.reshape((x.dim(0)?, in_channels * taps.len(), positions))?;
        patches.transpose(1, 2)?.contiguous()
    }

    /// Repeats every value and crops the result. Candle's own upsampling overwrites gradients that it should add to.
    fn upsampled(&self, x: &Tensor) -> CandleResult<Tensor> {
        let Convolution { input: [height, width], upsampling: [down, right], cropped, .. } = self.convolution;
        if [down, right] == [1, 1] {
            return Ok(x.clone());
        }
        let (batch, channels) = (x.dim(0)?, x.dim(1)?);
        let repeated = x
            .reshape((batch, channels, height, 1, width, 1))?
            .broadcast_as((batch, channels, height, down, width, right))?
            .reshape((batch, channels, height * down, width * right))?;
        repeated.narrow(2, 0, cropped[0])?.narrow(3, 0, cropped[1])
    }
}

impl Kernel for Conv2d {
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let ([x], [weight, bias]) = (exactly(inputs), exactly(parameters));
        self.convolution.forward(x.floats(), weight, vector(bias), y);
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [weight, _] = exactly(context.parameters);
        self.convolution.input_gradient(weight, context.dy, dx, how);
    }

    /// Computes the gradient of the weights of a range of input channels, or the sum of `dy` over rows and positions.
    fn parameter_gradient(
        &self,
        of: &ParameterRows,
        inputs: &[KernelInput<'_>],
        dy: &[f32],
        into: &mut [f32],
        how: Write,
    ) {
        let ([x], taps) = (exactly(inputs), self.convolution.taps());
        match of.parameter {
            0 => {
                let channels = of.rows.start / taps..of.rows.end / taps;
                self.convolution.weight_gradient(x.floats(), dy, channels, into, how);
            }
            1 => sum_rows(dy, into, how),
            other => unreachable!("a convolution has the parameters 0 (weight) and 1 (bias), not {other}"),
        }
    }

    fn split(&self, parameter: usize) -> Split {
        let [height, width] = self.convolution.output();
        match parameter {
            0 => Split { multiple: self.convolution.taps(), work: height * width },
            _ => Split { multiple: 1, work: height * width },
        }
    }
}
