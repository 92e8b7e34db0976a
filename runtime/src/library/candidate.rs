//! What the search looks at, and what comes of it.

use std::{fmt, path::PathBuf};

use super::Refusal;

/// The ONNX Runtime library that a program gets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Located {
    /// The file.
    pub path: PathBuf,
    /// Its version, as in `1.28.0`.
    pub version: String,
    /// The step of the search that led there.
    pub found_by: FoundBy,
}

/// A step of the search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FoundBy {
    /// The path in [`Options::library`](crate::Options::library).
    Options,
    /// The environment variable `ORT_DYLIB_PATH`.
    Variable,
    /// The folder of the running program.
    ProgramFolder,
    /// `.tools/onnxruntime/lib/` in a folder above the running program.
    ToolsFolder,
    /// The system's own library folders.
    System,
}

/// A place of the search, and what came of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Candidate {
    /// The file; for the system's loader the name that it was asked for.
    pub path: PathBuf,
    /// The step of the search.
    pub found_by: FoundBy,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a candidate.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It is the one to load.
    Chosen(Located),
    /// It cannot be loaded.
    Refused(Refusal),
    /// The search had ended before.
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
