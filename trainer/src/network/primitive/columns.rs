//! Selected columns of a row, in any order.

use candle_core::Tensor;

use crate::{
    network::operation::{Operation, single_input},
    onnx::Call,
};

/// `[features]` to `[columns]`. The exported graphs of mixed tables use it; there is no kernel, because the core graphs
/// do not need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The columns, each less than the number of features.
    pub columns: Vec<usize>,
}

impl Operation for Columns {
    fn shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match single_input(inputs)? {
            &[features] if !self.columns.is_empty() && self.columns.iter().all(|&column| column < features) => {
                Ok(vec![self.columns.len()])
            }
            shape => {
                let largest = self.columns.iter().max();
                Err(format!("expects at least one column of a shape [features], got {largest:?} of {shape:?}"))
            }
        }
    }

    fn candle(&self, inputs: &[Tensor], _parameters: &[Tensor]) -> candle_core::Result<Tensor> {
        let [x] = inputs else { candle_core::bail!("columns expects 1 input") };
        let columns: Vec<u32> = self.columns.iter().map(|&column| column as u32).collect();
        x.contiguous()?.index_select(&Tensor::new(columns, x.device())?, 1)
    }

    fn onnx(&self, call: &mut Call<'_>, inputs: &[String]) -> String {
        let columns: Vec<i64> = self.columns.iter().map(|&column| column as i64).collect();
        let columns = call.integers("columns", &columns);
        let inputs: Vec<String> = inputs.iter().cloned().chain([columns]).collect();
        call.node_with_integer("Gather", &inputs, "axis", 1)
    }

    fn describe(&self) -> String {
        format!("{} columns", self.columns.len())
    }
}
