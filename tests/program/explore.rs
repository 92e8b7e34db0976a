//! `narrows explore`: its answers are those of the other commands, bad requests do not harm it, and a signal ends it.
#![cfg(unix)]

mod answers;
pub(crate) mod client;
mod load;
mod refused;
