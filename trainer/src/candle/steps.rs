//! The steps of a pass: the nodes of a graph with their parameters.

use std::ops::Range;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, Var};

use super::statistics::NormalisedBy;
use crate::{
    network::{Kernel, Orientation, Primitive, Value},
    numeric::Matrix,
};

/// The steps of a graph in topological order.
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    /// Indices of the steps that are outputs.
    pub(super) outputs: Vec<usize>,
    pub(super) normalised_by: NormalisedBy,
}

/// A node of the graph.
pub(super) struct Step {
    pub(super) primitive: Primitive,
    pub(super) inputs: Vec<Value>,
    /// Number of features of the result.
    pub(super) width: usize,
    pub(super) trained: Vec<Trained>,
    /// Running mean and variance of batch normalisation; other steps have none.
    pub(super) running: Vec<Var>,
    /// Number of channels that batch normalisation normalises.
    pub(super) batch_channels: Option<usize>,
    /// Number of floating point operations per row.
    pub(super) work: usize,
    /// Whether an output depends on this step.
    pub(super) is_needed: bool,
}

/// A parameter of a step.
pub(super) struct Trained {
    pub(super) tensor: Tensor,
    /// Index of the variable that stores the parameter.
    pub(super) variable: usize,
    pub(super) orientation: Orientation,
}

impl Steps {
    /// Returns the number of floating point operations per row of a range of steps, for the forward or the backward
    /// computation.
    pub(super) fn work(&self, range: Range<usize>) -> usize {
        self.steps[range].iter().map(|step| step.work).sum()
    }

    /// Returns whether there are convolutions, whose weights are used at many positions of a row.
    pub(super) fn has_maps(&self) -> bool {
        self.steps.iter().any(|step| !step.trained.is_empty() && step.kernel().split(0).work > 1)
    }

    /// Returns the steps that normalise a batch of `rows` rows by its own statistics, in order.
    pub(super) fn batch_norms(&self, rows: usize) -> Vec<usize> {
        let is_batch = |step: &Step| {
            step.batch_channels.is_some_and(|channels| self.normalised_by.is_batch(rows * step.width / channels.max(1)))
        };
        self.steps.iter().enumerate().filter(|(_, step)| is_batch(step)).map(|(index, _)| index).collect()
    }

    /// Returns one of the variables. As an argument of the custom operation it makes Candle's autograd call its
    /// backward function. A transposed view is not a variable, and Candle would expect its gradient.
    pub(super) fn anchor(&self) -> Option<&Tensor> {
        let tensors = self.steps.iter().flat_map(|step| &step.trained).map(|trained| &trained.tensor);
        tensors.into_iter().find(|tensor| tensor.is_variable())
    }

    /// Calls `reader` with the parameters of every step, without copying them.
    pub(super) fn read<R>(&self, reader: impl FnOnce(&[Vec<Matrix<'_>>]) -> Result<R>) -> Result<R> {
        let tensors = self.steps.iter().map(Step::tensors);
        let guards: Vec<Vec<_>> = tensors.map(|tensors| tensors.map(Tensor::storage_and_layout).collect()).collect();
        let matrices = guards
            .iter()
            .map(|guards| guards.iter().map(|(storage, layout)| matrix(storage, layout)).collect::<Result<Vec<_>>>());
        reader(&matrices.collect::<Result<Vec<_>>>()?)
    }
}

fn matrix<'a>(storage: &'a Storage, layout: &Layout) -> Result<Matrix<'a>> {
    match storage {
        Storage::Cpu(CpuStorage::F32(values)) => matrix_of_layout(values, layout),
        _ => candle_core::bail!("fused kernels need parameters that are 32-bit floats on the CPU"),
    }
}

/// Returns a tensor of rank 1 (as a row) or 2 as a matrix view of its storage.
fn matrix_of_layout<'a>(storage: &'a [f32], layout: &Layout) -> Result<Matrix<'a>> {
    let (shape, strides) = match (layout.dims(), layout.stride()) {
        (&[columns], &[stride]) => ((1, columns), (columns, stride)),
        (&[rows, columns], &[row_stride, column_stride]) => ((rows, columns), (row_stride, column_stride)),
        (shape, _) => candle_core::bail!("a parameter must have 1 or 2 dimensions, got the shape {shape:?}"),
    };
    match storage.get(layout.start_offset()..).and_then(|values| Matrix::strided(values, shape, strides)) {
        Some(matrix) => Ok(matrix),
        None => candle_core::bail!("a tensor exceeds its storage"),
    }
}

impl Step {
    /// Returns the tensors of all parameters: the trained ones, or running statistics.
    fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.trained.iter().map(|trained| &trained.tensor).chain(self.running.iter().map(|running| &**running))
    }

    /// Returns the kernel of the primitive.
    pub(super) fn kernel(&self) -> &dyn Kernel {
        let kernel = self.primitive.operation().kernel();
        kernel.expect("steps only contain primitives with a kernel")
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_matrix_view_follows_the_layout_of_the_tensor() {
        let tensor = Tensor::arange(0f32, 12.0, &Device::Cpu).and_then(|flat| flat.reshape((3, 4))).expect("small");
        let view = tensor.narrow(0, 1, 2).and_then(|rows| rows.t()).expect("small");
        let storage: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let matrix = matrix_of_layout(&storage, view.layout()).expect("two dimensions");
        assert_eq!((matrix.width(), matrix.t().width(), matrix.row(0)), (2, 4, None));
        assert_eq!(matrix.t().row(1), Some([8.0, 9.0, 10.0, 11.0].as_slice()));
        assert!(matrix_of_layout(&storage[..11], view.layout()).is_err());
        assert!(matrix_of_layout(&storage, tensor.unsqueeze(0).expect("small").layout()).is_err());
    }
}
