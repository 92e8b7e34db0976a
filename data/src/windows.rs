//! Recordings that are cut into windows: where windows start, and how they are read.
//!
//! Everything that knows windows is here. `windowing` has the options, `walk` places the windows, `breaks` finds the
//! steps that no window may cross, `rows` are the windows of a recording in memory or on disk, `cutter` cuts a
//! recording that is read once, and `step_means` turns results of windows into results of time steps.

pub(crate) mod breaks;
pub(crate) mod cutter;
pub(crate) mod rows;
pub(crate) mod step_means;
pub(crate) mod time;
pub(crate) mod walk;
pub(crate) mod windowing;

#[cfg(test)]
mod tests;
