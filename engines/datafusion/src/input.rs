//! The arguments of a function as the rows of a batch.

mod columns;
mod features;
mod labels;
mod layout;
mod rows;
mod table;
mod vectors;

pub(crate) use features::Features;
pub(crate) use layout::Layout;
pub(crate) use rows::Rows;
pub(crate) use vectors::is_vector;
