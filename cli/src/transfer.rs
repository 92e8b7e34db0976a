//! Parts of `transfer`: encode the samples, publish the bundle of the head, and print the report.

mod card;
mod encoded_data;
mod labels;
mod publish;
mod report;
mod run;
mod table;

pub(crate) use encoded_data::EncodedData;
pub(crate) use labels::warn_of_labels;
pub(crate) use publish::{check_not_source, check_stop, publish};
pub(crate) use report::{Report, print_event};
pub(crate) use run::{interrupted, open_run};
pub(crate) use table::Table;
