//! A graph made ready to be walked: each node with its parameters, and whose gradients are asked for.

use std::collections::BTreeSet;

use candle_core::{CpuStorage, DType, Layout, Result, Storage, Tensor};

use crate::{
    candle::Parameters,
    network::{Graph, Kernel, Primitive, Value},
    numeric::Matrix,
};

/// The nodes in their order.
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    /// The nodes that are outputs.
    pub(super) outputs: Vec<usize>,
}

pub(super) struct Step {
    primitive: Primitive,
    pub(super) inputs: Vec<Value>,
    /// Numbers in a row of the result.
    pub(super) width: usize,
    pub(super) trained: Vec<Trained>,
    /// Multiplications and additions a row.
    pub(super) work: usize,
    /// Whether an output depends on it.
    pub(super) is_reached: bool,
}

/// A parameter of a step.
pub(super) struct Trained {
    tensor: Tensor,
    /// The number of the variable that holds it.
    pub(super) variable: usize,
    /// Whether the variable is its transpose.
    pub(super) transposed: bool,
}

impl Steps {
    /// Nothing, if some primitive has no kernel, or some parameter is not where kernels can read it.
    pub(super) fn of(graph: &Graph, parameters: &Parameters) -> Result<Option<Self>> {
        let mut steps = Vec::with_capacity(graph.nodes().len());
        for node in graph.nodes() {
            let trained = node.parameters().into_iter().map(|(name, _)| {
                let place = parameters.place(&name)?;
                Ok(Trained {
                    tensor: parameters.tensor(&name)?,
                    variable: place.variable,
                    transposed: place.transposed,
                })
            });
            let trained = trained.collect::<Result<Vec<Trained>>>()?;
            let can_be_read =
                |trained: &Trained| trained.tensor.device().is_cpu() && trained.tensor.dtype() == DType::F32;
            if node.primitive.operation().kernel().is_none() || !trained.iter().all(can_be_read) {
                return Ok(None);
            }
            let width: usize = node.shape.iter().product();
            let work = 2 * node.primitive.operation().multiply_adds() as usize + width;
            steps.push(Step {
                primitive: node.primitive.clone(),
                inputs: node.inputs.clone(),
                width,
                trained,
                work,
                is_reached: false,
            });
        }
        let outputs = graph.outputs().iter().map(|(_, value)| match *value {
            Value::Node(node) => Some(node),
            Value::Input(_) => None,
        });
        let Some(outputs) = outputs.collect::<Option<Vec<usize>>>() else { return Ok(None) };
        // A node has room for one gradient that comes in.
        if outputs.iter().collect::<BTreeSet<_>>().len() < outputs.len() {
            return Ok(None);
        }
        mark_reached(&mut steps, &outputs);
        Ok(Some(Steps { steps, outputs }))
    }

    /// Floating point operations a row, in one direction.
    pub(super) fn work(&self) -> usize {
        self.steps.iter().map(|step| step.work).sum()
    }

    /// One of the variables: what makes Candle ask for gradients. A transpose is none, and Candle would wait for
    /// its gradient.
    pub(super) fn anchor(&self) -> Option<&Tensor> {
        let tensors = self.steps.iter().flat_map(|step| &step.trained).map(|trained| &trained.tensor);
        tensors.into_iter().find(|tensor| tensor.is_variable())
    }

    /// Hands the parameters of every step to `reader`, where they lie.
    pub(super) fn read<R>(&self, reader: impl FnOnce(&[Vec<Matrix<'_>>]) -> Result<R>) -> Result<R> {
        let tensors =
            self.steps.iter().map(|step| step.trained.iter().map(|trained| trained.tensor.storage_and_layout()));
        let guards: Vec<Vec<_>> = tensors.map(Iterator::collect).collect();
        let matrices = guards
            .iter()
            .map(|guards| guards.iter().map(|(storage, layout)| matrix(storage, layout)).collect::<Result<Vec<_>>>());
        reader(&matrices.collect::<Result<Vec<_>>>()?)
    }
}

fn matrix<'a>(storage: &'a Storage, layout: &Layout) -> Result<Matrix<'a>> {
    match storage {
        Storage::Cpu(CpuStorage::F32(values)) => of_layout(values, layout),
        _ => candle_core::bail!("a fused network has its parameters as 32-bit floats on the CPU"),
    }
}

/// What a tensor of rank 1 (a row) or 2 shows of its storage.
fn of_layout<'a>(storage: &'a [f32], layout: &Layout) -> Result<Matrix<'a>> {
    let (shape, strides) = match (layout.dims(), layout.stride()) {
        (&[columns], &[stride]) => ((1, columns), (columns, stride)),
        (&[rows, columns], &[row_stride, column_stride]) => ((rows, columns), (row_stride, column_stride)),
        (shape, _) => candle_core::bail!("a matrix has two dimensions, not {shape:?}"),
    };
    match storage.get(layout.start_offset()..).and_then(|values| Matrix::strided(values, shape, strides)) {
        Some(matrix) => Ok(matrix),
        None => candle_core::bail!("a tensor reaches beyond its storage"),
    }
}

fn mark_reached(steps: &mut [Step], outputs: &[usize]) {
    outputs.iter().for_each(|&node| steps[node].is_reached = true);
    for index in (0..steps.len()).rev() {
        let (before, from) = steps.split_at_mut(index);
        if let Some(step) = from.first().filter(|step| step.is_reached) {
            for value in &step.inputs {
                if let Value::Node(node) = *value {
                    before[node].is_reached = true;
                }
            }
        }
    }
}

impl Step {
    /// What it does to rows.
    pub(super) fn kernel(&self) -> &dyn Kernel {
        let kernel = self.primitive.operation().kernel();
        kernel.expect("steps are made of primitives that have one")
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_tensor_is_seen_as_its_layout_says() {
        let tensor = Tensor::arange(0f32, 12.0, &Device::Cpu).and_then(|flat| flat.reshape((3, 4))).expect("small");
        let part = tensor.narrow(0, 1, 2).and_then(|rows| rows.t()).expect("small");
        let storage: Vec<f32> = (0..12).map(|value| value as f32).collect();
        let matrix = of_layout(&storage, part.layout()).expect("two dimensions");
        assert_eq!((matrix.width(), matrix.t().width(), matrix.row(0)), (2, 4, None));
        assert_eq!(matrix.t().row(1), Some([8.0, 9.0, 10.0, 11.0].as_slice()));
        assert!(of_layout(&storage[..11], part.layout()).is_err());
        assert!(of_layout(&storage, tensor.unsqueeze(0).expect("small").layout()).is_err());
    }
}
