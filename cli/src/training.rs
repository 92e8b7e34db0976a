//! What `train`, `export` and `train-export` share: from flags to a run, from a run to a proved bundle.

mod arguments;
mod choices;
mod curves;
mod data;
mod proving;
mod report;
mod session;

pub(crate) use arguments::TrainingArguments;
pub(crate) use data::{Known, LabelsAre, flags, parts};
pub(crate) use proving::{claimed, published};
pub(crate) use report::Report;
pub(crate) use session::Session;
