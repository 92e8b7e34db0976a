//! Candidates of the library search and their results.

use std::{fmt, path::PathBuf};

use super::Refusal;

/// The ONNX Runtime library that the search selected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Located {
    /// Path of the file.
    pub path: PathBuf,
    /// Version, for example `1.28.0`.
    pub version: String,
    /// Step of the search that found it.
    pub found_by: FoundBy,
}

/// A step of the search, in search order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FoundBy {
    /// The path in [`Options::library`](crate::Options::library).
    Options,
    /// The environment variable `ORT_DYLIB_PATH`.
    Variable,
    /// The folder of the running program.
    ProgramFolder,
    /// `.tools/onnxruntime-cuda/lib/` or `.tools/onnxruntime/lib/` in a folder above the running program.
    ToolsFolder,
    /// The search path of the system's loader.
    System,
}

/// A candidate of the search and its result.
#[derive(Debug)]
#[non_exhaustive]
pub struct Candidate {
    /// Path of the file; for the system's loader, the requested name.
    pub path: PathBuf,
    /// Step of the search.
    pub found_by: FoundBy,
    /// Result of the check.
    pub verdict: Verdict,
}

/// Result of checking a candidate.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// The candidate is usable and was chosen.
    Chosen(Located),
    /// The candidate cannot be used.
    Refused(Refusal),
    /// The search ended before this candidate.
    Untried,
}

impl Candidate {
    pub(super) fn ends_search(&self) -> bool {
        match &self.verdict {
            Verdict::Chosen(_) => true,
            Verdict::Refused(_) => self.found_by.is_explicit(),
            Verdict::Untried => false,
        }
    }
}

impl FoundBy {
    pub(super) fn is_explicit(self) -> bool {
        match self {
            FoundBy::Options | FoundBy::Variable => true,
            FoundBy::ProgramFolder | FoundBy::ToolsFolder | FoundBy::System => false,
        }
    }
}

impl fmt::Display for FoundBy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            FoundBy::Options => "the options",
            FoundBy::Variable => "ORT_DYLIB_PATH",
            FoundBy::ProgramFolder => "the program's folder",
            FoundBy::ToolsFolder => "a .tools folder",
            FoundBy::System => "the system",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Chosen(located) => write!(formatter, "is ONNX Runtime {}", located.version),
            Verdict::Refused(reason) => reason.fmt(formatter),
            Verdict::Untried => formatter.write_str("was not tried"),
        }
    }
}
