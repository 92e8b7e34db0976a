//! The search, step by step, and what came of every candidate.

use std::path::{Path, PathBuf};

use super::{Candidate, FoundBy, LibraryError, Located, Refusal, Verdict, image, places, probe};
use crate::Options;

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
