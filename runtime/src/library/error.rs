//! Why ONNX Runtime cannot be used.

use std::path::PathBuf;

use super::Running;
#[cfg(feature = "load-dynamic")]
use super::{Candidate, FoundBy, Refusal, Verdict};

/// ONNX Runtime cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// A file that was given explicitly is no usable ONNX Runtime; nothing else was tried.
    #[cfg(feature = "load-dynamic")]
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
    #[cfg(feature = "load-dynamic")]
    #[error(
        "ONNX Runtime was not found: {} (run `just setup` in a checkout of narrows, or set ORT_DYLIB_PATH to the library)",
        listing(candidates)
    )]
    NotFound {
        /// All candidates, with their reasons.
        candidates: Vec<Candidate>,
    },
    /// A process can hold one ONNX Runtime, and holds another than the one asked for.
    #[error("this process runs {running} and cannot load `{}` as well (give the same library everywhere)", asked.display())]
    AlreadyLoaded {
        /// What is loaded.
        running: Running,
        /// The library that was asked for.
        asked: PathBuf,
    },
    /// A process can hold one environment, and its host has built it.
    #[error(
        "this process already has an ONNX Runtime environment of its host: pass it by Options::environment (and keep it until then)"
    )]
    HostEnvironment,
    /// ONNX Runtime is there, and did not start.
    #[error("{running} does not start: {source}")]
    Refused {
        /// What was to be started.
        running: Running,
        /// Its reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// First all that is not there, then what is there with its reason.
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
