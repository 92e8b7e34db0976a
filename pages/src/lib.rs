//! Web pages of autoencoders: a report in one file, and an explorer on a local address.

mod chart;
mod error;
mod error_unit;
pub mod explore;
mod frame;
mod gather;
mod gathered;
mod look;
mod name;
mod number;
mod report;
mod sections;

pub use chart::chart;
pub use error::PageError;
pub use frame::{Page, Section};
pub use gather::{ComparedPart, Comparison, GatherOptions, Gatherer, ShownRows};
pub use gathered::{
    About, Baseline, Compared, Gathered, Generated, Nearest, Plane, Reconstructed, Row, Scales, Seen, Traversal,
};
pub use report::report;
pub use sections::{SECTION_SCRIPTS, error_quantiles, sections, summary};

/// Compiles the example of the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
