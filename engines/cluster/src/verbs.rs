//! The verbs that run queries.

pub(crate) mod apply;
pub(crate) mod estimate;
pub(crate) mod moments;
pub(crate) mod query_options;
pub(crate) mod sample;
mod selection;
pub(crate) mod sql;
