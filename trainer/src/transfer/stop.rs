//! Interruption of the training.

use crate::TrainError;

/// Returns whether the user asked to stop. It is called every few milliseconds.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// Returns an error if the user asked to stop.
///
/// # Errors
/// [`TrainError::Interrupted`] once `stop` returns true.
pub(super) fn check_stop(stop: Stop<'_>) -> Result<(), TrainError> {
    if stop() { Err(TrainError::Interrupted { epoch: 0, step: 0 }) } else { Ok(()) }
}
