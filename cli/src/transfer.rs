//! What `transfer` goes through: samples to codes, a head on them, a proved bundle, and what is said of it.

mod card;
mod material;
mod proving;
mod report;
mod table;

pub(crate) use material::Material;
pub(crate) use proving::{check_apart, check_stop, published};
pub(crate) use report::{Report, tell};
pub(crate) use table::Table;
