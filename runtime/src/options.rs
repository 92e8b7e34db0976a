//! How a bundle is to be opened.

use std::path::PathBuf;

/// What a host may choose when it opens a bundle; [`Options::default`] suits most.
///
/// ```
/// use narrows_runtime::Options;
///
/// let options = Options::default().threads(1);
/// assert_eq!(options.threads, Some(1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Options {
    /// The ONNX Runtime library to load; by default it is looked for, see [`crate::library`].
    pub library: Option<PathBuf>,
    /// Threads that share one operator of a graph; by default (and for 0) one a physical core.
    pub threads: Option<usize>,
}

impl Options {
    /// Loads ONNX Runtime from this file and from nowhere else.
    #[must_use]
    pub fn library(mut self, path: impl Into<PathBuf>) -> Self {
        self.library = Some(path.into());
        self
    }

    /// Shares one operator of a graph among this many threads.
    #[must_use]
    pub fn threads(mut self, count: usize) -> Self {
        self.threads = Some(count);
        self
    }
}
