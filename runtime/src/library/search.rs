//! The search, step by step, and what came of every candidate.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::{LibraryError, Refusal, image, places, probe};
use crate::Options;

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
    /// The path in [`Options::library`].
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

/// Finds the library that a program with these options would load.
///
/// It looks afresh, whatever this process has loaded already.
///
/// # Errors
/// [`LibraryError::Given`] if somebody named a file that cannot be used, [`LibraryError::NotFound`]
/// with every candidate and its reason otherwise.
pub fn locate(options: &Options) -> Result<Located, LibraryError> {
    let mut candidates = candidates(options);
    let outcome = candidates.iter().position(|candidate| candidate.ends_search());
    match outcome.map(|at| candidates.swap_remove(at)) {
        Some(Candidate { verdict: Verdict::Chosen(located), .. }) => Ok(located),
        Some(Candidate { path, found_by, verdict: Verdict::Refused(reason) }) => {
            Err(LibraryError::Given { path, found_by, reason })
        }
        Some(Candidate { verdict: Verdict::Untried, .. }) | None => Err(LibraryError::NotFound { candidates }),
    }
}

/// Every place of the search, in its order, with what came of it; for a diagnosis.
pub fn candidates(options: &Options) -> Vec<Candidate> {
    let mut searching = true;
    let examine = |(found_by, path): (FoundBy, PathBuf)| {
        let verdict = if searching { examine(found_by, &path) } else { Verdict::Untried };
        let candidate = Candidate { path, found_by, verdict };
        searching = searching && !candidate.ends_search();
        candidate
    };
    places::places(options).into_iter().map(examine).collect()
}

impl Candidate {
    fn ends_search(&self) -> bool {
        match &self.verdict {
            Verdict::Chosen(_) => true,
            Verdict::Refused(_) => self.found_by.is_explicit(),
            Verdict::Untried => false,
        }
    }
}

impl FoundBy {
    fn is_explicit(self) -> bool {
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

fn examine(found_by: FoundBy, path: &Path) -> Verdict {
    // A bare name is for the system's loader: there is no file to look at beforehand. A path that somebody
    // gave and that could not be made absolute is empty.
    let checked = match path.is_absolute() {
        true => image::check(path),
        false if found_by.is_explicit() => Err(Refusal::Missing),
        false => Ok(()),
    };
    match checked.and_then(|()| probe::probe(path)) {
        Ok(probe::Probed { path, version }) => Verdict::Chosen(Located { path, version, found_by }),
        Err(reason) => Verdict::Refused(reason),
    }
}
