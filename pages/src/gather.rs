//! Computes what a page shows: a pass through the shown rows, a pass through the rows that samples are compared with,
//! and what the model generates.

mod baseline;
mod classes;
mod extremes;
mod first_pass;
mod generation;
mod nearest;
mod options;
mod planes;
mod second_pass;
mod traversals;

pub use self::{
    first_pass::{Gatherer, ShownRows},
    options::GatherOptions,
    second_pass::{ComparedPart, Comparison},
};
