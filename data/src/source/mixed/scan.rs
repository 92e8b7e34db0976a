//! Tells the schema of a table from all its rows.

use std::{num::NonZeroUsize, path::Path};

use arrow_schema::DataType;
use narrows_table::{Column, MissingCells, Schema, Value, for_each_value};

use super::{
    detect::{is_other, is_text},
    form::{Form, Open, listed, passed_through},
    levels::Rare,
    tally::Tally,
    types::{Feature, Read},
    unfit::Unfit,
};
use crate::{
    column_types::{ColumnType, typed},
    error::DataError,
    labels::SEPARATOR,
    printable::printable,
    reader::Opened,
    reading::{LoadOptions, Missing, Reading},
    source::csv::Content,
    table_error::TableError,
};

/// The largest number of levels of a category, unless an option says otherwise. A softmax over more of them takes most
/// of the training time, and levels that are rarer have too few rows to learn from.
const MAX_LEVELS: usize = 1000;
/// The number of rows to read at a time.
const ROWS: usize = 1 << 14;

/// The role of a column of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Feature,
    Label,
    Other,
}

/// What all rows of a table tell.
pub(super) struct Told {
    pub(super) schema: Schema,
    /// The categories whose vocabulary lacks rare levels, by name.
    pub(super) rare: Vec<(String, Rare)>,
    /// Columns of text that are not features, because they can be no categories.
    pub(super) left_out: Vec<(String, Unfit)>,
    /// Whether a feature has text or dates.
    pub(super) has_others: bool,
}

/// Tells the schema of a table from all its rows, in bounded memory.
///
/// A column of text that can be no category is an error in a file of text. In a typed file, it is not a feature, unless
/// an option names it.
pub(super) fn scan(path: &Path, options: &LoadOptions, form: Form, open: Open<'_>) -> Result<Told, DataError> {
    let reading = &options.reading;
    let types: &[ColumnType] = reading.types.as_deref().unwrap_or_default();
    let mut reader = passed_through(path, options, open)?;
    let features = reader.head().columns.clone().unwrap_or_default();
    check_types(path, types, &features)?;
    let label = reader.head().roles.label;
    let said = |name: &str| types.iter().find(|column| column.name == name).map(|column| &column.kind);
    let (mut columns, mut labels) = (Vec::<(String, DataType, Role, Tally)>::new(), Vec::new());
    while let Some(chunk) = reader.next(ROWS)? {
        let Some(others) = &chunk.others else { break };
        if columns.is_empty() {
            labels = reading.label_columns(|name| others.column_by_name(name).is_some());
            for (index, field) in others.schema().fields().iter().enumerate() {
                let name = field.name();
                let is_label = Some(index) == label || labels.contains(name);
                let role = match (features.contains(name), is_label) {
                    (true, _) => Role::Feature,
                    (false, true) => Role::Label,
                    (false, false) => Role::Other,
                };
                columns.push((name.clone(), field.data_type().clone(), role, Tally::new(said(name))));
            }
        }
        for (name, _, role, tally) in columns.iter_mut().filter(|(_, _, role, _)| *role != Role::Other) {
            let Some(array) = others.column_by_name(name) else { continue };
            let mut other_notation = false;
            let add = |value: Value<'_>| {
                let was_text = tally.texts;
                tally.add(value, form);
                if was_text == 0 && tally.texts == 1 && *role == Role::Feature && said(name).is_none() {
                    other_notation = is_other_notation(value, form, others.num_columns());
                }
                Ok::<(), DataError>(())
            };
            for_each_value(array, add)?;
            let is_mixed = matches!(form, Form::Text(_)) && tally.texts > 0 && tally.numbers > 0;
            if *role == Role::Feature && said(name).is_none() && (other_notation || is_mixed) {
                return Err(as_numbers(path, name, options, open)?);
            }
        }
    }
    let mut schema = Schema { columns: Vec::new(), missing: missing_cells(reading.missing) };
    let max_levels = reading.max_levels.map_or(MAX_LEVELS, NonZeroUsize::get);
    let (mut left_out, mut rare, mut has_others, mut has_features) = (Vec::new(), Vec::new(), false, false);
    for (name, data_type, role, tally) in columns {
        let read = Read { path, name: &name, tally, data_type: &data_type, form, max_levels };
        match role {
            Role::Feature => {
                let may_pass = reading.columns.is_none() && said(&name).is_none() && is_text_column(form, &data_type);
                match read.unfit().filter(|_| may_pass) {
                    Some(unfit) => left_out.push((name, unfit)),
                    None => {
                        let Feature { column, rare: lacking } = read.feature(said(&name))?;
                        schema.columns.push(column);
                        rare.extend(lacking.map(|lacking| (name, lacking)));
                        has_others |= is_other(&data_type);
                        has_features = true;
                    }
                }
            }
            Role::Label => {
                if labels.len() > 1
                    && let Some(level) = read.tally.levels.keys().find(|level| level.contains(SEPARATOR))
                {
                    let (path, value) = (path.to_owned(), format!("`{}`", printable(level)));
                    return Err(DataError::table(TableError::LabelSeparator {
                        path,
                        column: printable(&name).into_owned(),
                        value,
                    }));
                }
                let part = labels.iter().position(|label| *label == name).unwrap_or(0);
                schema.columns.push(read.label(part));
            }
            Role::Other => {}
        }
    }
    if let (false, Some((name, unfit))) = (has_features, left_out.first()) {
        return Err(unfit.error(path, name, typed(name, "category")));
    }
    in_order(&mut schema.columns, reading, &features);
    let fault = |source| DataError::table(TableError::Schema { path: path.to_owned(), source });
    schema.check().map_err(fault)?;
    Ok(Told { schema, rare, left_out, has_others })
}

/// Returns whether a column of a typed file has text, or nothing at all.
fn is_text_column(form: Form, data_type: &DataType) -> bool {
    match form {
        Form::Typed => is_text(data_type) || *data_type == DataType::Null,
        Form::Text(_) => false,
    }
}

fn missing_cells(missing: Option<Missing>) -> MissingCells {
    match missing {
        Some(Missing::Mask) => MissingCells::Masked,
        Some(Missing::Refuse | Missing::Mean | Missing::Median | Missing::Drop | Missing::Keep) | None => {
            MissingCells::Refused
        }
    }
}

/// Puts features in the order of --columns, if it is given. Labels stay before the next feature of the file.
fn in_order(columns: &mut [Column], reading: &Reading, features: &[String]) {
    if reading.columns.is_some() {
        let place = |column: &Column| features.iter().position(|name| *name == column.name);
        columns.sort_by_key(|column| place(column).unwrap_or(usize::MAX));
    }
}

/// Checks that the columns with a type are features.
fn check_types(path: &Path, types: &[ColumnType], features: &[String]) -> Result<(), DataError> {
    match types.iter().find(|column| !features.contains(&column.name)) {
        Some(ColumnType { name, .. }) => {
            let (path, name, columns) = (path.to_owned(), name.clone(), listed(features));
            Err(DataError::table(TableError::TypeOfNothing { path, name, columns }))
        }
        None => Ok(()),
    }
}

fn is_other_notation(value: Value<'_>, form: Form, width: usize) -> bool {
    match (value, form) {
        (Value::Text(text), Form::Text(notation)) => {
            notation.read(text) == Content::Text && notation.is_other_number(width, text)
        }
        _ => false,
    }
}

/// Returns the error of a column that has text but is read as numbers: that of the reader of numbers, which knows the
/// line and the notation.
fn as_numbers(path: &Path, name: &str, options: &LoadOptions, open: Open<'_>) -> Result<DataError, DataError> {
    let reading = Reading {
        columns: Some(vec![name.to_owned()]),
        ignore: None,
        label_column: None,
        types: None,
        missing: Some(Missing::Keep),
        ..options.reading.clone()
    };
    let Opened::Reader(mut reader) = open(&LoadOptions { reading, ..options.clone() })? else {
        return Err(DataError::table(TableError::NoColumns { path: path.to_owned() }));
    };
    loop {
        match reader.next(ROWS) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(DataError::table(TableError::NoColumns { path: path.to_owned() })),
            Err(DataError::Cell { path, line, column, cell, advice }) => {
                let option = typed(name, "category");
                // Other advice is about the notation of numbers.
                let is_general = ["correct the cell", "pass --date-columns", "pass --types"]
                    .iter()
                    .any(|general| advice.starts_with(general));
                let advice = if is_general {
                    format!(
                        "write a missing value as NA or leave the cell empty, pass --types {option} if the column is a \
                         category, or exclude it with --ignore"
                    )
                    .into()
                } else {
                    advice
                };
                return Ok(DataError::Cell { path, line, column, cell, advice });
            }
            Err(error) => return Ok(error),
        }
    }
}
