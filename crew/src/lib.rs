//! Threads that work along with their caller, for work of microseconds: a batch that is encoded, a step of
//! training.
//!
//! A scope of threads costs more than such work, and a pool whose threads sleep costs as much. Here threads are
//! started once, look for more work for a while before they sleep, and the caller never only waits.

mod cores;
mod together;

pub use cores::{Busy, cores, idle, idle_for_a_moment, seat};
pub use together::{Panicked, together};
