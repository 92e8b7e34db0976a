//! The peers, one file each. Each file uses its engine as an experienced user would for best speed.

mod bare_ort;
mod candle;
mod narrows;
mod python;
mod rten;
mod tract;

pub(crate) use bare_ort::{BareOrt, Threads};
pub(crate) use candle::Candle;
pub(crate) use narrows::{Narrows, NarrowsOnBytes};
pub(crate) use python::Python;
pub(crate) use rten::Rten;
pub(crate) use tract::Tract;
