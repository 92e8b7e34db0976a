//! A change of the shape of a row.

use candle_core::Tensor;

use crate::{
    network::operation::{Operation, single_input},
    onnx::Call,
};

/// Any shape to `shape`, which must have the same number of elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshape {
    /// Shape of one row of the result.
    pub shape: Vec<usize>,
}

impl Operation for Reshape {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = single_input(inputs)?;
        if shape.iter().product::<usize>() == self.shape.iter().product::<usize>() {
            Ok(self.shape.clone())
        } else {
            Err(format!("cannot reshape {shape:?} to {:?}: the numbers of elements differ", self.shape))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("reshape expects 1 input") };
        let shape: Vec<usize> = std::iter::once(x.dim(0)?).chain(self.shape.iter().copied()).collect();
        x.reshape(shape)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        // ONNX infers the batch size from -1.
        let sizes: Vec<i64> = std::iter::once(-1).chain(self.shape.iter().map(|&size| size as i64)).collect();
        let shape = call.integers("shape", &sizes);
        let inputs: Vec<String> = inputs.iter().cloned().chain([shape]).collect();
        call.node("Reshape", &inputs)
    }

    fn describe(&self) -> String {
        format!("reshape to {:?}", self.shape)
    }
}
