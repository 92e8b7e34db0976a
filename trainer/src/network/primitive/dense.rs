//! A fully connected layer: `y = x W + b`.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{BackwardContext, Kernel, KernelInput, Orientation, ParameterRows, exactly},
        operation::{Operation, single_input},
        parameter::{Initial, ParameterSpec},
    },
    numeric::{Matrix, Write, add_to_rows, product, sum_rows},
    onnx::Call,
};

/// `[inputs]` to `[outputs]`, with `weight: [inputs, outputs]` and `bias: [outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// Number of input features.
    pub inputs: usize,
    /// Number of output features.
    pub outputs: usize,
    /// Number of inputs of a unit for the initialisation. It is greater than `inputs` if the layer also receives a
    /// label.
    pub fan_in: usize,
}

impl Dense {
    /// Creates a layer without a label, so `fan_in` is `inputs`.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Dense { inputs, outputs, fan_in: inputs }
    }

    /// Evaluates the layer in Candle. `add` combines the product `[batch, outputs]` with the bias.
    pub(crate) fn with_bias(
        &self,
        inputs: &[Tensor],
        parameters: &[Tensor],
        add: impl Fn(&Tensor, &Tensor) -> candle_core::Result<Tensor>,
    ) -> candle_core::Result<Tensor> {
        let ([x], [weight, bias]) = (inputs, parameters) else {
            candle_core::bail!("dense expects x, weight and bias");
        };
        add(&x.matmul(weight)?, bias)
    }
}

impl Operation for Dense {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = single_input(inputs)?;
        if shape == [self.inputs] && self.outputs > 0 {
            Ok(vec![self.outputs])
        } else {
            Err(format!(
                "expects the shape [{}] and at least 1 output, got {shape:?} and {} outputs",
                self.inputs, self.outputs
            ))
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let initial = Initial::FanIn(self.fan_in);
        vec![
            ParameterSpec::trained("weight", vec![self.inputs, self.outputs], initial),
            ParameterSpec::trained("bias", vec![self.outputs], initial),
        ]
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        self.with_bias(inputs, parameters, Tensor::broadcast_add)
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let (weight, bias) = (call.parameter("weight"), call.parameter("bias"));
        let inputs: Vec<String> = inputs.iter().cloned().chain([weight, bias]).collect();
        call.node("Gemm", &inputs)
    }

    fn multiply_adds(&self) -> u64 {
        self.inputs as u64 * self.outputs as u64
    }

    fn describe(&self) -> String {
        format!("dense {} -> {}", self.inputs, self.outputs)
    }
}

impl Kernel for Dense {
    fn forward(&self, inputs: &[KernelInput<'_>], parameters: &[Matrix<'_>], y: &mut [f32]) {
        let ([x], [weight, bias]) = (exactly(inputs), exactly(parameters));
        product(Matrix::of_rows(x.floats(), self.inputs), weight, y, Write::Set);
        add_to_rows(bias, y);
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [weight, _] = exactly(context.parameters);
        product(Matrix::of_rows(context.dy, self.outputs), weight.t(), dx, how);
    }

    /// Computes `x^T dy` for the weight and the sum of the rows of `dy` for the bias.
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
            0 => {
                let (x, dy) = (Matrix::of_rows(x.floats(), self.inputs), Matrix::of_rows(dy, self.outputs));
                let (left, right) = match of.orientation {
                    Orientation::Normal => (x, dy),
                    Orientation::Transposed => (dy, x),
                };
                product(left.t().rows(of.rows.clone()), right, into, how);
            }
            1 => sum_rows(dy, into, how),
            other => unreachable!("a dense layer has the parameters 0 (weight) and 1 (bias), not {other}"),
        }
    }
}
