//! Errors of finding and starting ONNX Runtime.

use std::path::PathBuf;

use super::Running;
#[cfg(feature = "load-dynamic")]
use super::{Candidate, FoundBy, Refusal, Verdict};

/// An error of finding or starting ONNX Runtime.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// An explicitly given file is not a usable ONNX Runtime. No other candidate is tried.
    #[cfg(feature = "load-dynamic")]
    #[error("`{}`, given by {found_by}, {reason} ({})", path.display(), advice(*found_by))]
    Given {
        /// Path of the file.
        path: PathBuf,
        /// Origin of the path.
        found_by: FoundBy,
        /// Reason why it cannot be used.
        reason: Refusal,
    },
    /// No candidate is a usable ONNX Runtime.
    #[cfg(feature = "load-dynamic")]
    #[error(
        "ONNX Runtime was not found (run `just setup` in a checkout of narrows, or set ORT_DYLIB_PATH to the library): {}",
        listing(candidates)
    )]
    NotFound {
        /// All candidates and the reasons why they cannot be used.
        candidates: Vec<Candidate>,
    },
    /// Another ONNX Runtime than the requested one is already loaded. A process can load only one.
    #[error("this process already runs {running} and cannot load `{}` as well (use the same library everywhere)", asked.display())]
    AlreadyLoaded {
        /// The loaded ONNX Runtime.
        running: Running,
        /// Path of the requested library.
        asked: PathBuf,
    },
    /// The host has already built the only environment that a process can have, and did not pass it.
    #[error(
        "the host of this process has already created an ONNX Runtime environment: pass it with Options::environment (and keep it alive until then)"
    )]
    HostEnvironment,
    /// ONNX Runtime was found, but did not start.
    #[error("{running} does not start: {source}")]
    Refused {
        /// The ONNX Runtime that did not start.
        running: Running,
        /// Error of ONNX Runtime.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Returns what to do about a path that cannot be used.
#[cfg(feature = "load-dynamic")]
fn advice(found_by: FoundBy) -> &'static str {
    match found_by {
        FoundBy::Options => "set it to an ONNX Runtime library, or leave it out to search for one",
        FoundBy::Variable => "set it to an ONNX Runtime library, or unset it to search for one",
        FoundBy::ProgramFolder | FoundBy::ToolsFolder | FoundBy::System => "replace the file",
    }
}

/// Lists first the missing candidates, then the others with their reasons.
#[cfg(feature = "load-dynamic")]
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
