//! Layer normalisation without scale and shift, which are a primitive of their own.

use candle_core::{Result as CandleResult, Tensor};

use crate::{
    network::{
        channels::{channels, same_shape},
        kernel::{BackwardContext, Kernel, KernelInput, exactly},
        operation::Operation,
    },
    numeric::{EPSILON, Matrix, Write, normalise_rows, normalise_rows_gradient},
    onnx::Call,
};

/// `[channels]` or `[channels, height, width]` to the same shape. Every row is normalised over all its values
/// (Ba et al. 2016), which for maps equals group normalisation with one group (Wu and He 2018).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerNorm {
    /// Shape of one row, `[channels]` or `[channels, height, width]`.
    pub shape: Vec<usize>,
}

impl Operation for LayerNorm {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        same_shape(inputs, &self.shape)
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> CandleResult<Tensor> {
        let [x] = inputs else { candle_core::bail!("layer normalisation expects 1 input") };
        let flat = x.flatten_from(1)?;
        let centred = flat.broadcast_sub(&flat.mean_keepdim(1)?)?;
        let deviation = (centred.sqr()?.mean_keepdim(1)? + f64::from(EPSILON))?.sqrt()?;
        centred.broadcast_div(&deviation)?.reshape(x.shape())
    }

    fn kernel(&self) -> Option<&dyn Kernel> {
        Some(self)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let x = inputs.first().cloned().unwrap_or_default();
        let axes: Vec<i64> = (1..=self.shape.len() as i64).collect();
        let mean = call.node_with_integers("ReduceMean", std::slice::from_ref(&x), "axes", &axes);
        let centred = call.node("Sub", &[x, mean]);
        let squares = call.node("Mul", &[centred.clone(), centred.clone()]);
        let variance = call.node_with_integers("ReduceMean", &[squares], "axes", &axes);
        let epsilon = call.floats("epsilon", &[1], &[EPSILON]);
        let shifted = call.node("Add", &[variance, epsilon]);
        let deviation = call.node("Sqrt", &[shifted]);
        call.node("Div", &[centred, deviation])
    }

    fn describe(&self) -> String {
        format!("layer norm of {} channels", channels(&self.shape))
    }
}

impl Kernel for LayerNorm {
    fn forward(&self, inputs: &[KernelInput<'_>], _parameters: &[Matrix<'_>], y: &mut [f32]) {
        let [x] = exactly(inputs);
        normalise_rows(x.floats(), self.shape.iter().product(), y);
    }

    fn input_gradient(&self, _index: usize, context: &BackwardContext<'_>, dx: &mut [f32], how: Write) {
        let [x] = exactly(context.inputs);
        let width = self.shape.iter().product();
        normalise_rows_gradient(x.floats(), (context.y, context.dy), width, dx, how);
    }
}
