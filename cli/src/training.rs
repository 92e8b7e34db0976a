//! Shared parts of `train`, `export` and `train-export`: from flags to a run, and from a run to a bundle.

mod arguments;
mod choices;
mod curves;
mod data;
mod for_model;
mod publish;
mod report;
mod resumed;
mod run_arguments;
mod session;

pub(crate) use arguments::{TrainingArguments, limit_flags};
pub(crate) use data::{
    LabelType, LoadContext, absolute_path, data_flags_of_model, load_data, load_parts, with_absolute_paths,
};
pub(crate) use for_model::load_for_model;
pub(crate) use publish::{bundle_folder, publish, stage};
pub(crate) use report::Report;
pub(crate) use resumed::{note_renamed, report_resumed};
pub(crate) use run_arguments::RunArguments;
pub(crate) use session::Session;
