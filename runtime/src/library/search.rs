//! The search for the library of ONNX Runtime.

use std::path::{Path, PathBuf};

use super::{Candidate, FoundBy, LibraryError, Located, Refusal, Verdict, image, probe, search_paths};
use crate::Options;

/// Searches for the library that a program with these options would load.
///
/// Every call searches again, independent of the library that this process may have loaded.
///
/// # Errors
/// [`LibraryError::Given`] if an explicit path cannot be used, otherwise [`LibraryError::NotFound`], which lists every
/// candidate and its reason.
pub fn locate(options: &Options) -> Result<Located, LibraryError> {
    let mut candidates = candidates(options);
    let outcome = candidates.iter().position(|candidate| candidate.ends_search());
    match outcome.map(|index| candidates.swap_remove(index)) {
        Some(Candidate { verdict: Verdict::Chosen(located), .. }) => Ok(located),
        Some(Candidate { path, found_by, verdict: Verdict::Refused(reason) }) => {
            Err(LibraryError::Given { path, found_by, reason })
        }
        Some(Candidate { verdict: Verdict::Untried, .. }) | None => Err(LibraryError::NotFound { candidates }),
    }
}

/// Returns every candidate of the search with its result, in search order, for a diagnosis.
pub fn candidates(options: &Options) -> Vec<Candidate> {
    let mut searching = true;
    let examine = |(found_by, path): (FoundBy, PathBuf)| {
        let verdict = if searching { examine(found_by, &path) } else { Verdict::Untried };
        let candidate = Candidate { path, found_by, verdict };
        searching = searching && !candidate.ends_search();
        candidate
    };
    search_paths::search_paths(options).into_iter().map(examine).collect()
}

fn examine(found_by: FoundBy, path: &Path) -> Verdict {
    // A bare name is resolved by the system's loader, so there is no file to check. An explicit path that is not
    // absolute here is empty.
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
