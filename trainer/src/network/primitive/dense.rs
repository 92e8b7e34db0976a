//! A fully connected layer: `y = x W + b`.

use candle_core::Tensor;

use crate::{
    network::{
        kernel::{At, Held, Kernel, KernelInput, ParameterRows, exactly},
        operation::{Operation, only},
        parameter::{Initial, ParameterSpec},
    },
    numeric::{Matrix, Write, add_to_rows, product, sum_rows},
    onnx::Call,
};

/// `[inputs]` to `[outputs]`, with `weight: [inputs, outputs]` and `bias: [outputs]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dense {
    /// Numbers in.
    pub inputs: usize,
    /// Numbers out.
    pub outputs: usize,
    /// What the initialisation counts as the unit's inputs; more than `inputs` where a label enters
    /// the same layer beside them.
    pub fan_in: usize,
}

impl Dense {
    /// A layer whose inputs are all there are.
    pub fn new(inputs: usize, outputs: usize) -> Self {
        Dense { inputs, outputs, fan_in: inputs }
    }
}

impl Operation for Dense {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = only(inputs)?;
        if shape == [self.inputs] && self.outputs > 0 {
            Ok(vec![self.outputs])
        } else {
            Err(format!("expects [{}] and gives at least one number, got {shape:?} for {}", self.inputs, self.outputs))
        }
    }

    fn parameters(&self) -> Vec<ParameterSpec> {
        let initial = Initial::FanIn(self.fan_in);
        vec![
            ParameterSpec { name: "weight", shape: vec![self.inputs, self.outputs], initial },
            ParameterSpec { name: "bias", shape: vec![self.outputs], initial },
        ]
    }

    fn candle(&self, inputs: &[Tensor], parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let ([x], [weight, bias]) = (inputs, parameters) else {
            candle_core::bail!("dense takes x, weight and bias");
        };
        x.matmul(weight)?.broadcast_add(bias)
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
        product(Matrix::of_rows(x.numbers(), self.inputs), weight, y, Write::Set);
        add_to_rows(bias, y);
    }

    fn input_gradient(&self, _index: usize, at: &At<'_>, dx: &mut [f32], how: Write) {
        let [weight, _] = exactly(at.parameters);
        product(Matrix::of_rows(at.dy, self.outputs), weight.t(), dx, how);
    }

    /// `x^T dy` for the weight, the sum of the rows of `dy` for the bias.
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
                let (x, dy) = (Matrix::of_rows(x.numbers(), self.inputs), Matrix::of_rows(dy, self.outputs));
                let (left, right) = match of.held {
                    Held::Straight => (x, dy),
                    Held::Transposed => (dy, x),
                };
                product(left.t().rows(of.rows.clone()), right, into, how);
            }
            1 => sum_rows(dy, into, how),
            other => unreachable!("a dense layer has a weight and a bias, no parameter {other}"),
        }
    }
}
