//! How a bundle is to be opened.

#[cfg(feature = "load-dynamic")]
use std::path::PathBuf;

use crate::Device;

/// What a host may choose when it opens a bundle; [`Options::default`] suits most.
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
    /// The ONNX Runtime library to load; by default it is looked for, see [`crate::library`]. Only with the
    /// feature `load-dynamic`.
    #[cfg(feature = "load-dynamic")]
    pub library: Option<PathBuf>,
    /// The environment of a host that uses `ort` itself, since a process can have only one. No library is
    /// looked for then. It has to be built before the first bundle is opened, and passed with the first one;
    /// from then on it is kept until the process ends, and used whether it is passed again or not.
    ///
    /// Device and threads are those of these options, whatever the environment says.
    pub environment: Option<ort::environment::Environment>,
    /// What to compute on.
    pub device: Device,
    /// Sessions of each graph at most, which is how many runs of it can go on at once. By default (and for
    /// 0) one a core, on a GPU one. The first is made on opening, the others when they are first needed;
    /// each holds the weights.
    pub sessions: Option<usize>,
    /// Threads that share one run; by default 1, since it is cheaper to share a batch among sessions. 0 lets
    /// ONNX Runtime choose. With one session and more threads a single row is encoded sooner; the threads are
    /// each session's own, and spin for a while after every run.
    pub threads: Option<usize>,
    /// Rows of one run at most: a batch with more is cut. By default (and for 0) as many as stay in a
    /// core's cache.
    pub chunk: Option<usize>,
}

impl Options {
    /// Loads ONNX Runtime from this file and from nowhere else.
    #[cfg(feature = "load-dynamic")]
    #[must_use]
    pub fn library(mut self, path: impl Into<PathBuf>) -> Self {
        self.library = Some(path.into());
        self
    }

    /// Makes sessions in an environment that the host has built.
    #[must_use]
    pub fn environment(mut self, environment: ort::environment::Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// Computes on this device.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// Keeps so many sessions of each graph at most.
    #[must_use]
    pub fn sessions(mut self, count: usize) -> Self {
        self.sessions = Some(count);
        self
    }

    /// Shares one run among so many threads.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = Some(count);
        self
    }

    /// Cuts batches into runs of so many rows at most.
    #[must_use]
    pub fn chunk(mut self, rows: usize) -> Self {
        self.chunk = Some(rows);
        self
    }
}
