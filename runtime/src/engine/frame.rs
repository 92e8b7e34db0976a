//! The inputs and outputs of one run, allocated once and used again.

use std::fmt;

use narrows_bundle::{ElementType, GraphPorts, Port};
use ort::{
    memory::Allocator,
    session::{HasSelectedOutputs, OutputSelector, RunOptions, SessionInputValue, SessionOutputs},
    value::{DynValue, Tensor},
};

use super::ending::{Call, Ours};
use crate::rows::{full_shape, width};

/// Tensors for a run of a fixed number of rows. Whatever a run leaves in it, the next one overwrites.
pub(crate) struct Frame {
    rows: usize,
    bytes: usize,
    tensors: Ours<Tensors>,
}

struct Tensors {
    inputs: Vec<SessionInputValue<'static>>,
    options: RunOptions<HasSelectedOutputs>,
    /// The outputs once more: the engine holds them to write, this to read.
    outputs: Vec<Option<DynValue>>,
}

impl fmt::Debug for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Frame").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Frame {
    /// Tensors for `rows` rows of a graph's ports.
    pub(crate) fn new(ports: &GraphPorts, rows: usize) -> ort::Result<Self> {
        let _call = Call::begin()?;
        let allocator = Allocator::default();
        let inputs = ports.inputs.iter().map(|port| Ok(tensor(&allocator, rows, port)?.into()));
        let inputs = inputs.collect::<ort::Result<_>>()?;
        let selector = ports.outputs.iter().try_fold(OutputSelector::default(), |selector, port| {
            Ok::<_, ort::Error>(selector.preallocate(port.name.as_str(), tensor(&allocator, rows, port)?))
        })?;
        let options = RunOptions::new()?.with_outputs(selector);
        let numbers: usize = ports.inputs.iter().chain(&ports.outputs).map(width).sum();
        let bytes = size_of::<f32>() * numbers * rows;
        let outputs = ports.outputs.iter().map(|_| None).collect();
        Ok(Frame { rows, bytes, tensors: Ours::new(Tensors { inputs, options, outputs }) })
    }

    /// Rows of every input and output.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// What it takes in memory, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The elements of the first input, row-major, to be filled.
    pub(crate) fn floats(&mut self) -> ort::Result<&mut [f32]> {
        slot(self.tensors.inputs.first_mut())?.try_extract_tensor_mut().map(|(_, values)| values)
    }

    /// The elements of the second input, to be filled.
    pub(crate) fn integers(&mut self) -> ort::Result<&mut [i64]> {
        slot(self.tensors.inputs.get_mut(1))?.try_extract_tensor_mut().map(|(_, values)| values)
    }

    /// The elements of an output after a run, row-major, by its place in the graph.
    pub(crate) fn output(&self, at: usize) -> ort::Result<&[f32]> {
        let output = self.tensors.outputs.get(at).and_then(Option::as_ref);
        let output = output.ok_or_else(|| ort::Error::new("there is no such output"))?;
        output.try_extract_tensor().map(|(_, values)| values)
    }

    /// Keeps hold of what a run computed, output by output.
    pub(super) fn keep(outputs: &mut [Option<DynValue>], mut computed: SessionOutputs<'_>, ports: &[Port]) {
        for (kept, port) in outputs.iter_mut().zip(ports) {
            *kept = computed.remove(port.name.as_str());
        }
    }

    /// What a run reads, and where its results are kept.
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

fn slot<'a>(input: Option<&'a mut SessionInputValue<'static>>) -> ort::Result<&'a mut DynValue> {
    match input {
        Some(SessionInputValue::Owned(value)) => Ok(value),
        _ => Err(ort::Error::new("there is no such input")),
    }
}
