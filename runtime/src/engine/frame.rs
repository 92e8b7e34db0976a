//! Reusable input and output tensors of a run.

use std::{borrow::Cow, fmt};

use narrows_bundle::{ElementType, GraphPorts, Port};
use ort::{
    memory::Allocator,
    session::{HasSelectedOutputs, OutputSelector, RunOptions, SessionInputValue, SessionInputs, SessionOutputs},
    value::{DynValue, PrimitiveTensorElementType, Tensor},
};

use super::{
    output_set::OutputSet,
    settings::Settings,
    shutdown::{Call, Exiting, OrtObject},
};
use crate::rows::{full_shape, width};

/// Why tensors cannot be made or read: an error of ONNX Runtime, or [`Exiting`].
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Input and output tensors for a fixed number of rows. Every run overwrites their content.
pub(crate) struct Frame {
    rows: usize,
    wanted: OutputSet,
    bytes: usize,
    has_run: bool,
    tensors: OrtObject<Tensors>,
}

struct Tensors {
    inputs: Vec<SessionInputValue<'static>>,
    /// The settings whose value is not the default, with their names.
    settings: Vec<(String, Tensor<f32>)>,
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
    /// Allocates tensors for `rows` rows of a graph's inputs and of the wanted outputs, and for the settings.
    pub(super) fn new(
        ports: &GraphPorts,
        wanted: OutputSet,
        settings: &Settings,
        rows: usize,
    ) -> Result<Self, Failure> {
        let _call = Call::begin_first()?;
        let allocator = Allocator::default();
        let inputs = ports.inputs.iter().map(|port| Ok(tensor(&allocator, rows, port)?.into()));
        let inputs = inputs.collect::<ort::Result<_>>()?;
        let scalar = |value| Tensor::from_array(((), vec![value]));
        let settings = settings.changed().map(|(name, value)| Ok((name.to_owned(), scalar(value)?)));
        let settings = settings.collect::<ort::Result<_>>()?;
        // With more than four outputs, `ort` allocates in every run.
        let selector = wanted.ports(ports).try_fold(OutputSelector::no_default(), |selector, port| {
            let name = port.name.as_str();
            Ok::<_, ort::Error>(selector.with(name).preallocate(name, tensor(&allocator, rows, port)?))
        })?;
        let options = RunOptions::new()?.with_outputs(selector);
        let values: usize = ports.inputs.iter().chain(wanted.ports(ports)).map(width).sum();
        let bytes = size_of::<f32>() * values * rows;
        let outputs = ports.outputs.iter().map(|_| None).collect();
        let tensors = OrtObject::new(Tensors { inputs, settings, options, outputs });
        Ok(Frame { rows, wanted, bytes, has_run: false, tensors })
    }

    /// Begins a run with these tensors.
    pub(super) fn begin_run(&mut self) -> Result<Call, Exiting> {
        let call = if self.has_run { Call::begin() } else { Call::begin_first() };
        self.has_run = true;
        call
    }

    /// Returns whether the tensors are those for this number of rows and these outputs.
    pub(crate) fn fits(&self, rows: usize, wanted: OutputSet) -> bool {
        self.rows == rows && self.wanted == wanted
    }

    /// Returns the number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the approximate size in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the elements of an input of floats or integers in row-major order, to be filled. `index` is the position
    /// of the input in the graph.
    pub(crate) fn input<T: PrimitiveTensorElementType>(&mut self, index: usize) -> Result<&mut [T], Failure> {
        let _call = Call::begin()?;
        let extracted = input_tensor(self.tensors.inputs.get_mut(index))?.try_extract_tensor_mut();
        Ok(extracted.map(|(_, values)| values)?)
    }

    /// Returns the elements of an output of floats or booleans in row-major order, after a run. `index` is the position
    /// of the output in the graph.
    pub(crate) fn output<T: PrimitiveTensorElementType>(&self, index: usize) -> Result<&[T], Failure> {
        let _call = Call::begin()?;
        let output = self.tensors.outputs.get(index).and_then(Option::as_ref);
        let output = output.ok_or("there is no such output")?;
        Ok(output.try_extract_tensor().map(|(_, values)| values)?)
    }

    /// Stores the computed outputs of a run.
    pub(super) fn store(outputs: &mut [Option<DynValue>], mut computed: SessionOutputs<'_>, ports: &[Port]) {
        for (stored, port) in outputs.iter_mut().zip(ports) {
            *stored = computed.remove(port.name.as_str());
        }
    }

    /// Returns the inputs, the run options with the preallocated outputs, and the stored outputs.
    pub(super) fn parts<'a>(
        &'a mut self,
        ports: &'a [Port],
    ) -> (SessionInputs<'a, 'a>, &'a RunOptions<HasSelectedOutputs>, &'a mut [Option<DynValue>]) {
        let Tensors { inputs, settings, options, outputs } = &mut *self.tensors;
        (given(inputs, settings, ports), options, outputs)
    }
}

/// Returns the inputs of a run. ONNX Runtime does not count inputs with a default value among the inputs of a session,
/// so a setting is given by its name, and then all inputs are. Without settings nothing is allocated.
fn given<'a>(
    inputs: &'a [SessionInputValue<'static>],
    settings: &'a [(String, Tensor<f32>)],
    ports: &'a [Port],
) -> SessionInputs<'a, 'a> {
    if settings.is_empty() {
        return inputs.into();
    }
    let inputs = ports.iter().zip(inputs).map(|(port, input)| (port.name.as_str(), input.view().into()));
    let settings = settings.iter().map(|(name, value)| (name.as_str(), SessionInputValue::from(value)));
    SessionInputs::ValueMap(inputs.chain(settings).map(|(name, value)| (Cow::from(name), value)).collect())
}

fn tensor(allocator: &Allocator, rows: usize, port: &Port) -> ort::Result<DynValue> {
    let shape = full_shape(rows, port);
    Ok(match port.dtype {
        ElementType::F32 => Tensor::<f32>::new(allocator, shape)?.into_dyn(),
        ElementType::I64 => Tensor::<i64>::new(allocator, shape)?.into_dyn(),
        ElementType::Bool => Tensor::<bool>::new(allocator, shape)?.into_dyn(),
    })
}

fn input_tensor<'a>(input: Option<&'a mut SessionInputValue<'static>>) -> Result<&'a mut DynValue, Failure> {
    match input {
        Some(SessionInputValue::Owned(value)) => Ok(value),
        _ => Err("there is no such input".into()),
    }
}
