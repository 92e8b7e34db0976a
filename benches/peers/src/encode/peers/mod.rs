//! The peers: one file each, written as somebody would write it who wants that engine to be fast.

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
