//! What the values of a format are, and how a table is opened whose columns pass through.

use std::path::Path;

use crate::{
    check::column_label,
    error::DataError,
    reader::{Opened, Reader},
    reading::{Features, LoadOptions, Reading},
    source::csv::Notation,
    table_error::TableError,
};

/// Opens a table with options.
pub(super) type Open<'a> = &'a dyn Fn(&LoadOptions) -> Result<Opened, DataError>;

/// What the values of a format are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Typed values, as in Parquet and Arrow.
    Typed,
    /// Text, of which some is numbers.
    Text(Notation),
}

/// Opens a table whose columns all pass through.
pub(super) fn passed_through(path: &Path, options: &LoadOptions, open: Open<'_>) -> Result<Box<dyn Reader>, DataError> {
    let reading = Reading { date_columns: None, types: None, missing: None, ..options.reading.clone() };
    match open(&LoadOptions { reading, features: Features::PassThrough, schema: None, ..options.clone() })? {
        Opened::Reader(reader) if reader.head().columns.is_some() => Ok(reader),
        Opened::Reader(_) | Opened::Rows(..) => Err(DataError::table(TableError::NoColumns { path: path.to_owned() })),
    }
}

/// Lists names, at most some.
pub(super) fn listed(names: &[String]) -> String {
    const MAX_NAMES: usize = 12;
    let mut shown: Vec<_> = (0..names.len().min(MAX_NAMES)).map(|name| column_label(name, Some(names))).collect();
    if names.len() > MAX_NAMES {
        shown.push(format!("and {} more", names.len() - MAX_NAMES));
    }
    shown.join(", ")
}
