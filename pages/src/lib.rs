//! Web pages of autoencoders: a report in one file, and an explorer on a local address.

mod frame;

pub use frame::{Page, Section};
