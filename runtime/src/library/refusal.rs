//! What is wrong with one candidate.

use std::io;

/// What is wrong with one candidate. The text continues a sentence that begins with its path.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such file.
    #[error("does not exist")]
    Missing,
    /// It is a folder, a pipe or a device.
    #[error("is no regular file")]
    NotAFile,
    /// The system does not let it be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// Its content is not that of a shared library.
    #[error("is not a shared library")]
    NotALibrary,
    /// A shared library whose end is missing, as after a download that broke off.
    #[error("is cut short: it has {found} bytes and needs {needed} or more")]
    Truncated {
        /// Bytes that its own header speaks of.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// It is built for another processor.
    #[error("is built for {found}, this program for {expected}")]
    OtherMachine {
        /// Processor of the library.
        found: String,
        /// Processor of this program.
        expected: String,
    },
    /// The system's loader refuses it.
    #[error("cannot be loaded: {0}")]
    NotLoadable(String),
    /// A shared library, but another one.
    #[error("is not ONNX Runtime: it has no `OrtGetApiBase`")]
    NoEntryPoint,
    /// It does not tell a version that can be understood.
    #[error("does not tell its version")]
    NoVersion,
    /// It is older than 1.17.
    #[error("is ONNX Runtime {version}, at least 1.17 is needed")]
    TooOld {
        /// Its version.
        version: String,
    },
    /// It is newer, and has left the interface of 1.17 behind.
    #[error("is ONNX Runtime {version}, which does not serve programs for 1.17")]
    TooNew {
        /// Its version.
        version: String,
    },
}
