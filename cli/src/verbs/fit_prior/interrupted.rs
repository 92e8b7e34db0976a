//! The error of a fit that a signal ended.

use crate::{report::Stopped, stop::Stop};

/// Returns the error of an interruption.
pub(super) fn interrupted(stop: &Stop) -> anyhow::Error {
    let message = "interrupted; no sampler was written".to_owned();
    Stopped { signal: stop.signal().unwrap_or_default(), message }.into()
}
