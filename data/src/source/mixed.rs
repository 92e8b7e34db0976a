//! Reads a mixed table of any format: its columns pass through, and their values become cells by a schema.
//!
//! A table is mixed if an option says so (`--types`, `--missing mask`, or the schema of a model), or if its first rows
//! have text or dates among the features. The schema is then told from all rows, in a first pass over the file, and a
//! second pass reads the cells.

mod detect;
mod form;
mod levels;
mod note;
mod rows;
mod scan;
mod tally;
mod types;
mod unfit;

pub(crate) use types::stored;

use std::{path::Path, sync::Arc};

use narrows_table::Schema;

use self::{
    detect::is_mixed,
    form::{Form, Open, listed, passed_through},
    note::{left_out_note, rare_note, types_note},
    rows::Rows,
    scan::scan,
};
use super::{csv::Notation, parts::Kind};
use crate::{
    error::DataError,
    notes::Notes,
    reader::{Opened, Reader},
    reading::{Features, LoadOptions, Missing, Reading},
    table_error::TableError,
};

/// Opens a mixed table. `None` if the table has numbers only, or samples that are no rows of columns.
pub(super) fn open(
    path: &Path,
    options: &LoadOptions,
    kind: Kind,
    open: Open<'_>,
) -> Result<Option<Opened>, DataError> {
    match options.features {
        Features::Values | Features::ValuesAndColumns => {}
        Features::Numbers | Features::PassThrough => return Ok(None),
    }
    let form = match kind {
        Kind::Csv => Form::Text(Notation::of_csv(path, &options.reading)?),
        Kind::JsonLines => Form::Text(Notation::JSON_LINES),
        Kind::Parquet | Kind::Arrow => Form::Typed,
    };
    let reading = &options.reading;
    let is_said = reading.types.is_some() || reading.missing == Some(Missing::Mask) || options.schema.is_some();
    if !is_said && !is_mixed(options, form, open) {
        return Ok(None);
    }
    check_options(path, reading)?;
    let (schema, notes) = match &options.schema {
        Some(schema) => (Arc::clone(schema), Notes::default()),
        None => {
            let told = scan(path, options, form, open)?;
            // Only identifiers made it a mixed table.
            if !is_said && !told.left_out.is_empty() && !told.has_others {
                return Ok(None);
            }
            let mut notes = Notes::default();
            notes.extend(left_out_note(path, &told.left_out));
            notes.extend(types_note(path, &told.schema, reading.types.as_deref().unwrap_or_default()));
            notes.extend(rare_note(path, &told.rare));
            (Arc::new(told.schema), notes)
        }
    };
    let inner = match &options.schema {
        Some(schema) => open_like(path, schema, options, open)?,
        None => passed_through(path, options, open)?,
    };
    Ok(Some(Opened::Reader(Box::new(Rows::new(path, inner, schema, form, options, notes)?))))
}

/// Refuses options that have no meaning for a mixed table.
fn check_options(path: &Path, reading: &Reading) -> Result<(), DataError> {
    let given = [
        (reading.date_columns.is_some(), "--date-columns", "its dates are read as they are, so leave it out"),
        (reading.window.is_some(), "--window", "exclude the columns of text with --ignore, or leave it out"),
        (reading.time_column.is_some(), "--time-column", "leave it out"),
        (reading.group_column.is_some(), "--group-column", "leave it out"),
    ];
    match given.into_iter().find(|(is_given, ..)| *is_given) {
        Some((_, option, advice)) => {
            Err(DataError::table(TableError::Option { path: path.to_owned(), option, advice }))
        }
        None => Ok(()),
    }
}

/// Opens a table with the columns of a schema.
fn open_like(
    path: &Path,
    schema: &Schema,
    options: &LoadOptions,
    open: Open<'_>,
) -> Result<Box<dyn Reader>, DataError> {
    let cells = schema.cells();
    let is_feature = |index: usize| cells.iter().any(|cell| cell.column == index);
    let columns = schema.columns.iter().enumerate().filter(|(index, _)| is_feature(*index));
    let names: Vec<String> = columns.map(|(_, column)| column.name.clone()).collect();
    let with = |columns: Option<Vec<String>>| {
        let reading = Reading { columns, ignore: None, ..options.reading.clone() };
        passed_through(path, &LoadOptions { reading, ..options.clone() }, open)
    };
    match with(Some(names.clone())) {
        Err(error @ DataError::ColumnUnknown { .. }) => {
            // The error names the first missing column; list all of them.
            let Ok(reader) = with(None) else { return Err(error) };
            let found = reader.head().columns.clone().unwrap_or_default();
            let missing: Vec<String> = names.into_iter().filter(|name| !found.contains(name)).collect();
            if missing.is_empty() {
                return Err(error);
            }
            let names = listed(&missing);
            Err(DataError::table(TableError::ColumnsMissing { path: path.to_owned(), names }))
        }
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
