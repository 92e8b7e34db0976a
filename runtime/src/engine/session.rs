//! Sessions of ONNX Runtime, and runs of a graph.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use narrows_bundle::{ElementType, GraphPorts, Port, detach_weights};
use ort::{session::builder::SessionBuilder, value::TensorElementType};

use super::{
    Frame, cuda_libraries,
    environment::started,
    free_memory::create_in_new_thread,
    output_set::OutputSet,
    reason::plain_reason,
    settings::Settings,
    shared_weights::{MINIMUM, SharedWeights},
    shutdown::{Call, OrtObject},
};
use crate::{Device, Error, Options, rows::full_shape};

/// A checked graph and the options for its sessions.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) ports: GraphPorts,
    settings: Settings,
    bytes: Vec<u8>,
    device: Device,
    threads: usize,
    memory: Memory,
    environment: ort::environment::Environment,
    /// Path of the library of ONNX Runtime, if it is known.
    runtime: Option<PathBuf>,
    /// The weights of all sessions but the first one; set when the second session is created.
    shared: Arc<Mutex<Option<SharedWeights>>>,
}

/// How ONNX Runtime allocates the values between the nodes of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// All in one block, planned after the first run of a batch size. Every batch size keeps a block of its own size in
    /// the session's memory.
    Planned,
    /// One by one, with the least memory.
    Compact,
}

/// A graph loaded into ONNX Runtime; it executes one run at a time.
#[derive(Debug)]
pub(crate) struct Session {
    inner: OrtObject<ort::session::Session>,
}

impl Graph {
    /// Stores a checked graph, to be loaded on `device`.
    pub(crate) fn new(
        ports: &GraphPorts,
        bytes: Vec<u8>,
        device: Device,
        memory: Memory,
        options: &Options,
    ) -> Result<Self, Error> {
        let (environment, running) = started(options)?;
        let (ports, settings, threads) = (ports.clone(), Settings::default(), options.threads.unwrap_or(1));
        let shared = Arc::default();
        Ok(Graph { ports, settings, bytes, device, threads, memory, environment, runtime: running.path, shared })
    }

    /// Sets the value of a setting in the runs of all tensors that are allocated from now on.
    pub(crate) fn set(&mut self, name: &str, value: f32) -> Result<(), Error> {
        match self.settings.set(&self.ports, name, value) {
            true => Ok(()),
            false => Err(self.failed("run", format!("it has no setting `{name}`"))),
        }
    }

    /// Loads the graph into a new session. On a GPU, also runs one row to check that the device works.
    pub(crate) fn session(&self) -> Result<Session, Error> {
        // Also the drop of the builder is part of the call.
        let _call = Call::begin_first().map_err(|source| self.failed("load", source))?;
        let builder = self.builder()?;
        match self.device {
            Device::Cpu | Device::Auto => self.load(builder),
            Device::Cuda(_) => self.load_and_test(builder),
        }
    }

    /// Loads the graph into a further session, which shares its weights with all further sessions. The first session
    /// has its own, because most programs have only one, and the shared weights would be a second copy.
    pub(crate) fn further_session(&self) -> Result<Session, Error> {
        match self.device {
            // A library that cannot share the weights, or not those of this graph, loads them once more.
            Device::Cpu | Device::Auto => self.sharing_session().or_else(|_| self.session()),
            Device::Cuda(_) => self.session(),
        }
    }

    fn sharing_session(&self) -> Result<Session, Error> {
        let failed = |source: ort::Error| self.failed("load", source);
        // One session is created at a time, because it needs copies of the weights while it is created.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let weights = match &mut *shared {
            Some(weights) => &*weights,
            none => {
                let detached = detach_weights(&self.ports.file, &self.bytes, MINIMUM)?;
                &*none.insert(SharedWeights::new(detached).map_err(|source| self.failed("load", source))?)
            }
        };
        // This thread's call includes the end of the new thread, where ONNX Runtime's thread-local variables are
        // destroyed.
        let _call = Call::begin_first().map_err(|source| self.failed("load", source))?;
        create_in_new_thread(|| {
            let _call = Call::begin_first().map_err(|source| self.failed("load", source))?;
            let builder = self.builder()?;
            let mut builder = weights.add_to(builder).map_err(failed)?;
            Ok(Session { inner: OrtObject::new(builder.commit_from_memory(weights.graph()).map_err(failed)?) })
        })
    }

    /// Returns the builder of a session on the device.
    pub(super) fn builder(&self) -> Result<SessionBuilder, Error> {
        // The environment of a host can have its own devices and threads; they are ignored.
        let plain = || {
            let builder = ort::session::Session::builder(&self.environment)?;
            let builder = builder.with_no_environment_execution_providers()?.with_independent_thread_pool()?;
            let builder = builder.with_memory_pattern(self.memory == Memory::Planned)?;
            Ok(builder.with_intra_threads(self.threads)?)
        };
        let _call = Call::begin_first().map_err(|source| self.failed("load", source))?;
        let builder = plain().map_err(|source: ort::Error| self.failed("load", source))?;
        match self.device {
            Device::Cpu | Device::Auto => Ok(builder),
            Device::Cuda(number) => {
                let missing = self.missing_libraries();
                on_cuda(builder, number).map_err(|source| self.device_error(&source.to_string(), missing))
            }
        }
    }

    /// Loads the graph with a builder of the same call.
    pub(super) fn load(&self, mut builder: SessionBuilder) -> Result<Session, Error> {
        let failed = |source: ort::Error| self.failed("load", source);
        Ok(Session { inner: OrtObject::new(builder.commit_from_memory(&self.bytes).map_err(failed)?) })
    }

    /// Loads a session and runs one row, because many problems of a GPU appear only in a run. If the graph fails on
    /// the CPU as well, the CPU's error is returned, because the GPU is not the cause.
    fn load_and_test(&self, builder: SessionBuilder) -> Result<Session, Error> {
        let run = |mut session: Session, graph: &Graph| session.try_row(graph).map(|_| session);
        let source = match self.load(builder).and_then(|session| run(session, self)) {
            Err(Error::Engine { source, .. }) => source,
            outcome => return outcome,
        };
        let on_cpu = Graph { device: Device::Cpu, ..self.clone() };
        run(on_cpu.session()?, &on_cpu)?;
        Err(self.device_error(&source.to_string(), self.missing_libraries()))
    }

    fn device_error(&self, reason: &str, missing: &[String]) -> Error {
        Error::Device { device: self.device, reason: plain_reason(reason, missing) }
    }

    /// Loads the libraries of CUDA if that has not been done. Returns the names of those that are missing.
    fn missing_libraries(&self) -> &'static [String] {
        cuda_libraries::preload(self.runtime.as_deref())
    }

    /// Allocates tensors for a run of `rows` rows that returns the wanted outputs.
    pub(crate) fn frame(&self, rows: usize, wanted: OutputSet) -> Result<Frame, Error> {
        Frame::new(&self.ports, wanted, &self.settings, rows).map_err(|source| self.failed("run", source))
    }

    /// Returns the error for a failed action on the graph.
    pub(crate) fn failed(
        &self,
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error::Engine { action, graph: self.ports.file.clone(), source: source.into() }
    }
}

/// Configures a GPU without CPU fallback. TF32 is disabled because it changes results by about 1e-3, which exceeds the
/// tolerance of the parity check.
#[cfg(feature = "cuda")]
fn on_cuda(builder: SessionBuilder, number: u32) -> ort::Result<SessionBuilder> {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let provider = ort::ep::CUDA::default().with_device_id(number).with_tf32(false).build().error_on_failure();
    let builder = builder.with_disable_cpu_fallback()?;
    Ok(builder.with_execution_providers([provider])?)
}

#[cfg(not(feature = "cuda"))]
fn on_cuda(_: SessionBuilder, _: u32) -> ort::Result<SessionBuilder> {
    Err(ort::Error::new("this program was built without the feature `cuda` of narrows-runtime"))
}

impl Session {
    /// Ends profiling, and returns the path of the profile.
    pub(super) fn end_profiling(&mut self) -> ort::Result<String> {
        self.inner.end_profiling()
    }

    /// Runs one row of zeros.
    pub(super) fn try_row(&mut self, graph: &Graph) -> Result<Frame, Error> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| graph.failed("run", error);
        let mut frame = graph.frame(1, OutputSet::all(&graph.ports))?;
        for (index, port) in graph.ports.inputs.iter().enumerate() {
            match port.dtype {
                ElementType::F32 => frame.input::<f32>(index).map_err(failed)?.fill(0.0),
                ElementType::I64 => frame.input::<i64>(index).map_err(failed)?.fill(0),
                ElementType::Bool => frame.input::<bool>(index).map_err(failed)?.fill(false),
            }
        }
        self.run(&mut frame, graph)?;
        Ok(frame)
    }

    /// Runs the graph on the inputs of a frame, and stores the outputs in it.
    pub(crate) fn run(&mut self, frame: &mut Frame, graph: &Graph) -> Result<(), Error> {
        let _call = frame.begin_run().map_err(|source| graph.failed("run", source))?;
        let (inputs, options, outputs) = frame.parts(&graph.ports.inputs);
        let source = match self.inner.run_with_options(inputs, options) {
            Ok(computed) => {
                Frame::store(outputs, computed, &graph.ports.outputs);
                return Ok(());
            }
            Err(source) => source,
        };
        Err(self.output_error(frame, graph).unwrap_or_else(|| graph.failed("run", source)))
    }

    /// After a failed run, returns the error for an output of another shape or type than the manifest lists, if that
    /// is the cause.
    fn output_error(&mut self, frame: &mut Frame, graph: &Graph) -> Option<Error> {
        let rows = frame.rows();
        let computed = self.inner.run(frame.parts(&graph.ports.inputs).0).ok()?;
        graph.ports.outputs.iter().find_map(|port: &Port| {
            let expected = full_shape(rows, port);
            let found = match computed.get(&port.name)?.dtype() {
                ort::value::ValueType::Tensor { ty, shape, .. } if *ty == element_type(port) => {
                    let is_same =
                        shape.iter().map(|&size| usize::try_from(size).ok()).eq(expected.iter().copied().map(Some));
                    if is_same {
                        return None;
                    }
                    format!("{:?}", &**shape)
                }
                other => other.to_string(),
            };
            Some(Error::Output { graph: graph.ports.file.clone(), output: port.name.clone(), expected, found })
        })
    }
}

fn element_type(port: &Port) -> TensorElementType {
    match port.dtype {
        ElementType::F32 => TensorElementType::Float32,
        ElementType::I64 => TensorElementType::Int64,
        ElementType::Bool => TensorElementType::Bool,
    }
}
