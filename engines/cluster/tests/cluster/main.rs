//! The program on clusters of several processes on this machine. Every process ends with its test.

#[path = "../../../datafusion/tests/support/mod.rs"]
mod support;

mod faults;
mod files;
mod process;
mod remains;
mod results;
mod signals;
mod whole_sets;
