//! Another shape for the same numbers of a row.

use candle_core::Tensor;

use crate::{
    network::operation::{Operation, only},
    onnx::Call,
};

/// Any shape to `shape`, which has as many numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshape {
    /// Shape of one row afterwards.
    pub shape: Vec<usize>,
}

impl Operation for Reshape {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let shape = only(inputs)?;
        if shape.iter().product::<usize>() == self.shape.iter().product::<usize>() {
            Ok(self.shape.clone())
        } else {
            Err(format!("cannot make {:?} of {shape:?}", self.shape))
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("reshape takes one value") };
        let shape: Vec<usize> = std::iter::once(x.dim(0)?).chain(self.shape.iter().copied()).collect();
        x.reshape(shape)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        // -1 is the batch.
        let sizes: Vec<i64> = std::iter::once(-1).chain(self.shape.iter().map(|&size| size as i64)).collect();
        let shape = call.integers("shape", &sizes);
        let inputs: Vec<String> = inputs.iter().cloned().chain([shape]).collect();
        call.node("Reshape", &inputs)
    }

    fn describe(&self) -> String {
        format!("reshape to {:?}", self.shape)
    }
}
