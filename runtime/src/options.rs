//! Options for opening a bundle.

#[cfg(feature = "load-dynamic")]
use std::path::PathBuf;

use crate::{Cancellation, Device, MemoryLimit};

/// Options for opening a bundle: library, device, sessions, threads and chunk size.
///
/// The defaults suit most programs: the CPU, one session per core, one thread per session.
///
/// ```
/// use narrows_runtime::{Device, Options};
///
/// let options = Options::default().device(Device::Auto).sessions(4);
/// assert_eq!(options.sessions, Some(4));
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Path of the ONNX Runtime library. By default it is searched for, see [`crate::library`]. Only with the
    /// feature `load-dynamic`.
    #[cfg(feature = "load-dynamic")]
    pub library: Option<PathBuf>,
    /// The environment of a host that uses `ort` itself, because a process can have only one. By default a new
    /// environment is created.
    ///
    /// The host builds the environment before it opens the first bundle, and passes it with the first one. From then
    /// on it is kept until the process ends, and used for all bundles, passed again or not. No library is searched
    /// for. Device and threads come from these options, not from the environment.
    pub environment: Option<ort::environment::Environment>,
    /// Device that runs the graphs. By default the CPU.
    pub device: Device,
    /// Maximum number of sessions per graph, which is the number of runs that can execute at the same time. By
    /// default, and for 0, one per core on the CPU and one on a GPU.
    ///
    /// The first session is created when the bundle is opened, the others when they are first needed. Sessions
    /// share large weights where ONNX Runtime can share them; otherwise each has its own copy.
    pub sessions: Option<usize>,
    /// Number of threads per session, which share the work of one run. By default 1, because it is cheaper to
    /// distribute a batch over sessions. 0 lets ONNX Runtime choose.
    ///
    /// One session with several threads reduces the latency of single rows. Each session has its own threads,
    /// which spin for some time after every run.
    pub threads: Option<usize>,
    /// Maximum number of rows per run; larger batches are split. By default, and for 0, the number of rows whose
    /// inputs and outputs fit into the cache of a core, and whose values between layers take at most 32 MiB.
    pub chunk: Option<usize>,
    /// How much memory the model may use. By default what is available to the process.
    pub memory: MemoryLimit,
    /// The flag that cancels all calls of the model. By default none; `cancelled_by` of a model gives a handle whose
    /// calls have a flag of their own.
    pub cancellation: Option<Cancellation>,
}

impl Options {
    /// Loads ONNX Runtime from this file, without searching elsewhere.
    #[cfg(feature = "load-dynamic")]
    #[must_use]
    pub fn library(mut self, path: impl Into<PathBuf>) -> Self {
        self.library = Some(path.into());
        self
    }

    /// Creates sessions in an environment that the host has built.
    #[must_use]
    pub fn environment(mut self, environment: ort::environment::Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Sets the device.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Sets the maximum number of sessions per graph.
    #[must_use]
    pub fn sessions(mut self, count: usize) -> Self {
        self.sessions = Some(count);
        self
    }

    /// Sets the number of threads per session.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = Some(count);
        self
    }

    /// Sets the maximum number of rows per run.
    #[must_use]
    pub fn chunk(mut self, rows: usize) -> Self {
        self.chunk = Some(rows);
        self
    }

    /// Sets how much memory the model may use.
    #[must_use]
    pub fn memory(mut self, limit: MemoryLimit) -> Self {
        self.memory = limit;
        self
    }

    /// Sets the flag that cancels all calls of the model.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: &Cancellation) -> Self {
        self.cancellation = Some(cancellation.clone());
        self
    }
}
