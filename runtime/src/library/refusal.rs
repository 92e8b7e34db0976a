//! Reasons why a candidate of the library search cannot be used.

use std::io;

/// The reason why a candidate cannot be used. The text continues a sentence that begins with the path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such file.
    #[error("does not exist")]
    Missing,
    /// It is a folder, a pipe or a device.
    #[error("is not a regular file")]
    NotAFile,
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// The file is not a shared library.
    #[error("is not a shared library")]
    NotALibrary,
    /// The shared library is incomplete, for example after an interrupted download.
    #[error("is truncated: it has {found} bytes and needs at least {needed}")]
    Truncated {
        /// Size according to its header, in bytes.
        needed: u64,
        /// Actual size, in bytes.
        found: u64,
    },
    /// The library is built for another processor.
    #[error("is built for {found}, but this program for {expected}")]
    OtherMachine {
        /// Processor of the library.
        found: String,
        /// Processor of this program.
        expected: String,
    },
    /// The system's loader refused the library.
    #[error("cannot be loaded: {0}")]
    NotLoadable(String),
    /// The shared library is not ONNX Runtime.
    #[error("is not ONNX Runtime: it does not export `OrtGetApiBase`")]
    NoEntryPoint,
    /// The library does not report a valid version.
    #[error("does not report a valid version")]
    NoVersion,
    /// The version is older than 1.17.
    #[error("is ONNX Runtime {version}, but at least 1.17 is needed")]
    TooOld {
        /// Version of the library.
        version: String,
    },
    /// The version is newer and no longer supports the C API of 1.17.
    #[error("is ONNX Runtime {version}, which does not support the API of 1.17")]
    TooNew {
        /// Version of the library.
        version: String,
    },
}
