//! Runs a network over many rows, one block at a time.

use candle_core::{Device, Result, Tensor};
use narrows_bundle::Scaling;
use narrows_data::Values;
use ndarray::Array2;

use crate::{
    augmentation::StepAugmentation,
    candle::{Kernels, Parameters, run},
    kinds::first,
    network::Graph,
    samples::{augmented, scaled},
};

/// Largest number of rows per block.
const BLOCK: usize = 2048;

/// Largest number of values in the results of all layers for a block (256 MiB), unless a single row has more.
const BLOCK_VALUES: usize = 1 << 26;

/// Returns the number of rows per block of a network.
pub(crate) fn block_rows(graph: &Graph) -> usize {
    BLOCK.min(BLOCK_VALUES / graph.values_per_row().max(1)).max(1)
}

/// Input rows of a network: codes without scaling, or samples with the scaling of the encoder.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inputs<'a> {
    /// `[rows, features]`.
    pub(crate) values: &'a Values,
    /// Scaling from the values to the input of the network.
    pub(crate) scaling: &'a Scaling,
}

impl Inputs<'_> {
    /// Returns the scaled rows, `[rows, features]`. `spare` is a tensor whose memory may be reused.
    ///
    /// # Errors
    /// Errors of Candle, and of reading from disk.
    pub(crate) fn batch(&self, rows: &[usize], spare: Option<Tensor>) -> Result<Tensor> {
        scaled(self.values, rows, self.scaling, spare)
    }

    /// Returns the augmented and scaled rows, `[rows, features]`, like [`Inputs::batch`].
    ///
    /// # Errors
    /// Errors of Candle, and of reading from disk.
    pub(crate) fn augmented(
        &self,
        rows: &[usize],
        augmentation: Option<&StepAugmentation<'_>>,
        spare: Option<Tensor>,
    ) -> Result<Tensor> {
        augmented(self.values, rows, augmentation, self.scaling, spare)
    }
}

/// The identity scaling.
pub(crate) fn unscaled() -> Scaling {
    Scaling { offset: vec![0.0], scale: vec![1.0] }
}

/// Computes the first output of the network for these rows, `[rows, outputs]`.
///
/// # Errors
/// Errors of Candle, and of reading from disk.
pub(crate) fn outputs(
    graph: &Graph,
    parameters: &Parameters,
    inputs: Inputs<'_>,
    rows: &[usize],
) -> Result<Array2<f32>> {
    let width = graph.outputs().first().map_or(0, |(_, value)| graph.shape(*value).iter().product());
    let mut values = Vec::with_capacity(rows.len() * width);
    let mut spare = None;
    for block in rows.chunks(block_rows(graph)) {
        let x = inputs.batch(block, spare.take())?;
        let output = first(run(Kernels::Fused, graph, parameters, std::slice::from_ref(&x))?)?;
        values.extend(output.flatten_all()?.to_vec1::<f32>()?);
        spare = Some(x);
    }
    Array2::from_shape_vec((rows.len(), width), values).map_err(candle_core::Error::wrap)
}

/// Converts an array to a tensor, `[rows, features]`.
///
/// # Errors
/// Errors of Candle, for lack of memory.
pub(crate) fn tensor(rows: &Array2<f32>) -> Result<Tensor> {
    Tensor::from_vec(rows.iter().copied().collect(), rows.dim(), &Device::Cpu)
}
