//! What training knows of a mixed table: how its cells enter the network, and the distribution of each.

mod cell_scaling;
mod figures;
mod likelihood;
mod masking;
mod model;
mod statistics;
#[cfg(test)]
pub(crate) mod tests;

pub(crate) use cell_scaling::scaling_of;
pub(crate) use figures::CellSums;
pub use figures::{CellFigures, TableFigures};
pub(crate) use masking::MaskedNumbers;
pub use masking::MaskingOptions;
pub(crate) use model::{NODE, Table, TableSettings};
