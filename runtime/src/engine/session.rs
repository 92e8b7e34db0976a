//! A graph in ONNX Runtime, and one run of it.

use narrows_bundle::{GraphPorts, Port};
use ort::{session::builder::SessionBuilder, value::TensorElementType};

use super::{
    Frame,
    ending::{Call, Ours},
    environment::environment,
    reason::plain_reason,
};
use crate::{Device, Error, Options, rows::full_shape};

/// A graph from which sessions can be made.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) ports: GraphPorts,
    bytes: Vec<u8>,
    device: Device,
    threads: usize,
    environment: ort::environment::Environment,
}

/// A graph that ONNX Runtime has loaded, for one run at a time.
#[derive(Debug)]
pub(crate) struct Session {
    inner: Ours<ort::session::Session>,
}

impl Graph {
    /// Keeps a checked graph, to be loaded on `device`.
    pub(crate) fn new(ports: &GraphPorts, bytes: Vec<u8>, device: Device, options: &Options) -> Result<Self, Error> {
        let environment = environment(options)?;
        Ok(Graph { ports: ports.clone(), bytes, device, threads: options.threads.unwrap_or(1), environment })
    }

    /// Size of the graph, most of which is its weights.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Hands the graph to ONNX Runtime.
    pub(crate) fn session(&self) -> Result<Session, Error> {
        let builder = self.builder()?;
        match self.device {
            Device::Cpu | Device::Auto => self.load(builder),
            Device::Cuda(_) => self.prove(builder),
        }
    }

    /// What a session on the device is made by.
    pub(super) fn builder(&self) -> Result<SessionBuilder, Error> {
        // A host's environment may speak of devices and threads too.
        let plain = || {
            let builder = ort::session::Session::builder(&self.environment)?;
            let builder = builder.with_no_environment_execution_providers()?.with_independent_thread_pool()?;
            Ok(builder.with_intra_threads(self.threads)?)
        };
        let _call = Call::begin().map_err(|source| self.failed("load", source))?;
        let builder = plain().map_err(|source: ort::Error| self.failed("load", source))?;
        match self.device {
            Device::Cpu | Device::Auto => Ok(builder),
            Device::Cuda(number) => on_cuda(builder, number).map_err(|source| self.unusable(&source.to_string())),
        }
    }

    pub(super) fn load(&self, mut builder: SessionBuilder) -> Result<Session, Error> {
        let failed = |source| self.failed("load", source);
        let _call = Call::begin().map_err(failed)?;
        Ok(Session { inner: Ours::new(builder.commit_from_memory(&self.bytes).map_err(failed)?) })
    }

    /// A session that has computed a row: much that a GPU may lack is noticed only then. What the processor
    /// cannot compute either is no fault of the GPU.
    fn prove(&self, builder: SessionBuilder) -> Result<Session, Error> {
        let run = |mut session: Session, graph: &Graph| session.try_row(graph).map(|_| session);
        let source = match self.load(builder).and_then(|session| run(session, self)) {
            Err(Error::Engine { source, .. }) => source,
            outcome => return outcome,
        };
        let elsewhere = Graph { device: Device::Cpu, ..self.clone() };
        run(elsewhere.session()?, &elsewhere)?;
        Err(self.unusable(&source.to_string()))
    }

    fn unusable(&self, reason: &str) -> Error {
        Error::Device { device: self.device, reason: plain_reason(reason) }
    }

    /// Tensors for a run of `rows` rows.
    pub(crate) fn frame(&self, rows: usize) -> Result<Frame, Error> {
        Frame::new(&self.ports, rows).map_err(|source| self.failed("run", source))
    }

    /// The error for something that could not be done with the graph.
    pub(crate) fn failed(
        &self,
        action: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error::Engine { action, graph: self.ports.file.clone(), source: source.into() }
    }
}

/// On this GPU or not at all. TF32 would move results by about 1e-3, which is beyond the proof's tolerance.
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
    /// Ends a profile, and returns its file.
    pub(super) fn end_profiling(&mut self) -> ort::Result<String> {
        self.inner.end_profiling()
    }

    /// Runs a row of zeros.
    pub(super) fn try_row(&mut self, graph: &Graph) -> Result<Frame, Error> {
        let failed = |error| graph.failed("run", error);
        let mut frame = graph.frame(1)?;
        frame.floats().map_err(failed)?.fill(0.0);
        if graph.ports.inputs.len() > 1 {
            frame.integers().map_err(failed)?.fill(0);
        }
        self.run(&mut frame, graph)?;
        Ok(frame)
    }

    /// Runs the graph on what a frame holds, and leaves the outputs in it.
    pub(crate) fn run(&mut self, frame: &mut Frame, graph: &Graph) -> Result<(), Error> {
        let _call = Call::begin().map_err(|source| graph.failed("run", source))?;
        let (inputs, options, outputs) = frame.parts();
        let source = match self.inner.run_with_options(inputs, options) {
            Ok(computed) => {
                Frame::keep(outputs, computed, &graph.ports.outputs);
                return Ok(());
            }
            Err(source) => source,
        };
        Err(self.unexpected(frame, graph).unwrap_or_else(|| graph.failed("run", source)))
    }

    /// After a failed run: the output of another shape than the graph promises, if that is why.
    fn unexpected(&mut self, frame: &mut Frame, graph: &Graph) -> Option<Error> {
        let rows = frame.rows();
        let computed = self.inner.run(frame.parts().0).ok()?;
        graph.ports.outputs.iter().find_map(|port: &Port| {
            let expected = full_shape(rows, port);
            let found = match computed.get(&port.name)?.dtype() {
                ort::value::ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => {
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
