//! Why a library cannot be used.

use std::{io, path::PathBuf};

use super::{Candidate, FoundBy, Verdict};

/// ONNX Runtime cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// A file that was given explicitly is no usable ONNX Runtime; nothing else was tried.
    #[error("`{}`, given by {found_by}, {reason} (give an ONNX Runtime library, or none: then it is looked for)", path.display())]
    Given {
        /// The file.
        path: PathBuf,
        /// Who gave it.
        found_by: FoundBy,
        /// What is wrong with it.
        reason: Refusal,
    },
    /// No candidate is a usable ONNX Runtime.
    #[error(
        "ONNX Runtime was not found: {} (run `just setup` in a checkout of narrows, or set ORT_DYLIB_PATH to the library)",
        listing(candidates)
    )]
    NotFound {
        /// All candidates, with their reasons.
        candidates: Vec<Candidate>,
    },
    /// A process can hold one ONNX Runtime, and holds another than the one asked for.
    #[error("this process runs ONNX Runtime from `{}` and cannot load `{}` as well (give the same library everywhere)", loaded.display(), asked.display())]
    AlreadyLoaded {
        /// The library that is loaded.
        loaded: PathBuf,
        /// The library that was asked for.
        asked: PathBuf,
    },
    /// The library looked right, and did not start.
    #[error("ONNX Runtime in `{}` does not start: {source}", path.display())]
    Refused {
        /// The library.
        path: PathBuf,
        /// Its reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

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
}

/// First all that is not there, then what is there with its reason.
fn listing(candidates: &[Candidate]) -> String {
    let is_missing = |candidate: &&Candidate| matches!(candidate.verdict, Verdict::Refused(Refusal::Missing));
    let missing: Vec<_> =
        candidates.iter().filter(is_missing).map(|candidate| format!("`{}`", candidate.path.display())).collect();
    let present = candidates
        .iter()
        .filter(|candidate| !is_missing(candidate))
        .map(|candidate| format!("`{}` {}", candidate.path.display(), candidate.verdict));
    let missing = (!missing.is_empty()).then(|| format!("there is no {}", missing.join(", ")));
    missing.into_iter().chain(present).collect::<Vec<_>>().join("; ")
}
