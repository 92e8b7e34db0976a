//! Breaking off in the middle.

use crate::TrainError;

/// Whether somebody asked to stop: looked at between pieces of work of some milliseconds.
pub type Stop<'a> = &'a (dyn Fn() -> bool + Sync);

/// # Errors
/// [`TrainError::Interrupted`] once somebody asked to stop.
pub(super) fn check_stop(stop: Stop<'_>) -> Result<(), TrainError> {
    if stop() { Err(TrainError::Interrupted { epoch: 0, step: 0 }) } else { Ok(()) }
}
