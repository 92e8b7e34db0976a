//! Reusable input and output tensors of a run.

use std::fmt;

use narrows_bundle::{ElementType, GraphPorts, Port};
use ort::{
    memory::Allocator,
    session::{HasSelectedOutputs, OutputSelector, RunOptions, SessionInputValue, SessionOutputs},
    value::{DynValue, Tensor},
};

use super::shutdown::{Call, OrtObject};
use crate::rows::{full_shape, width};

/// Input and output tensors for a fixed number of rows. Every run overwrites their content.
pub(crate) struct Frame {
    rows: usize,
    bytes: usize,
    tensors: OrtObject<Tensors>,
}

struct Tensors {
    inputs: Vec<SessionInputValue<'static>>,
    options: RunOptions<HasSelectedOutputs>,
    /// The output tensors for reading; the engine keeps its own handles for writing.
    outputs: Vec<Option<DynValue>>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Frame").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Frame {
    /// Allocates tensors for `rows` rows of a graph's ports.
    pub(crate) fn new(ports: &GraphPorts, rows: usize) -> ort::Result<Self> {
        let _call = Call::begin()?;
        let allocator = Allocator::default();
        let inputs = ports.inputs.iter().map(|port| Ok(tensor(&allocator, rows, port)?.into()));
        let inputs = inputs.collect::<ort::Result<_>>()?;
        let selector = ports.outputs.iter().try_fold(OutputSelector::default(), |selector, port| {
            Ok::<_, ort::Error>(selector.preallocate(port.name.as_str(), tensor(&allocator, rows, port)?))
        })?;
        let options = RunOptions::new()?.with_outputs(selector);
        let values: usize = ports.inputs.iter().chain(&ports.outputs).map(width).sum();
        let bytes = size_of::<f32>() * values * rows;
        let outputs = ports.outputs.iter().map(|_| None).collect();
        Ok(Frame { rows, bytes, tensors: OrtObject::new(Tensors { inputs, options, outputs }) })
    }

    /// Returns the number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the approximate size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the elements of the first input in row-major order, to be filled.
    pub(crate) fn floats(&mut self) -> ort::Result<&mut [f32]> {
        input_tensor(self.tensors.inputs.first_mut())?.try_extract_tensor_mut().map(|(_, values)| values)
    }

    /// Returns the elements of the second input, the labels, to be filled.
    pub(crate) fn integers(&mut self) -> ort::Result<&mut [i64]> {
        input_tensor(self.tensors.inputs.get_mut(1))?.try_extract_tensor_mut().map(|(_, values)| values)
    }

    /// Returns the elements of an output in row-major order, after a run. `index` is the position of the output in the
    /// graph.
    pub(crate) fn output(&self, index: usize) -> ort::Result<&[f32]> {
        let output = self.tensors.outputs.get(index).and_then(Option::as_ref);
        let output = output.ok_or_else(|| ort::Error::new("there is no such output"))?;
        output.try_extract_tensor().map(|(_, values)| values)
    }

    /// Stores the computed outputs of a run.
    pub(super) fn store(outputs: &mut [Option<DynValue>], mut computed: SessionOutputs<'_>, ports: &[Port]) {
        for (stored, port) in outputs.iter_mut().zip(ports) {
            *stored = computed.remove(port.name.as_str());
        }
    }

    /// Returns the inputs, the run options with the preallocated outputs, and the stored outputs.
    pub(super) fn parts(
        &mut self,
    ) -> (&[SessionInputValue<'static>], &RunOptions<HasSelectedOutputs>, &mut [Option<DynValue>]) {
        let Tensors { inputs, options, outputs } = &mut *self.tensors;
        (inputs, options, outputs)
    }
}

fn tensor(allocator: &Allocator, rows: usize, port: &Port) -> ort::Result<DynValue> {
    let shape = full_shape(rows, port);
    Ok(match port.dtype {
        ElementType::F32 => Tensor::<f32>::new(allocator, shape)?.into_dyn(),
        ElementType::I64 => Tensor::<i64>::new(allocator, shape)?.into_dyn(),
    })
}

fn input_tensor<'a>(input: Option<&'a mut SessionInputValue<'static>>) -> ort::Result<&'a mut DynValue> {
    match input {
        Some(SessionInputValue::Owned(value)) => Ok(value),
        _ => Err(ort::Error::new("there is no such input")),
    }
}
