//! CSV and TSV tables: one sample per line, with or without a header line.

mod advice;
mod booleans;
mod cells;
mod columns;
mod dialect;
mod first_line;
mod heading;
mod labels;
mod notation;
mod numbers;
mod records;
mod table;
mod text;

use std::path::Path;

pub(crate) use self::labels::read_labels;
pub(super) use self::{
    dialect::Dialect,
    notation::{Content, Notation},
    records::{Record, Rows},
    table::Table,
    text::open as open_text,
};
use crate::{error::DataError, reader::Opened, reading::LoadOptions};

/// Opens a table to read it in constant memory.
pub(crate) fn open(path: &Path, options: &LoadOptions) -> Result<Opened, DataError> {
    Ok(Opened::Reader(Box::new(Table::open(path, options)?)))
}

#[cfg(test)]
mod tests;
