//! Whether the first rows of a table have text or dates among the features.

use arrow_array::RecordBatch;
use arrow_schema::DataType;
use narrows_table::{Value, for_each_value};

use super::form::{Form, Open};
use crate::{
    chunk::Chunk,
    reader::Opened,
    reading::{Features, LoadOptions, Reading},
    source::csv::Content,
};

/// The number of rows to look at. A table whose text begins later is refused as one of numbers.
const ROWS: usize = 1000;

/// Returns whether a table is mixed although no option says so. A table that cannot be read is not, so that its error
/// is that of the reader of numbers.
pub(super) fn is_mixed(options: &LoadOptions, form: Form, open: Open<'_>) -> bool {
    let reading = &options.reading;
    // The rows of a recording are numbers, and so is a table of numbers with features of dates.
    let is_recording = reading.window.is_some() || reading.time_column.is_some() || reading.group_column.is_some();
    if is_recording || (reading.date_columns.is_some() && matches!(form, Form::Typed)) {
        return false;
    }
    let is_date = |name: &String| reading.date_columns.iter().flatten().any(|date| date.name == *name);
    let dates = reading.date_columns.iter().flatten().map(|date| date.name.clone());
    let reading = Reading {
        date_columns: None,
        missing: None,
        columns: reading.columns.clone().map(|names| names.into_iter().filter(|name| !is_date(name)).collect()),
        ignore: match &reading.columns {
            Some(_) => reading.ignore.clone(),
            None if reading.date_columns.is_none() => reading.ignore.clone(),
            None => Some(reading.ignore.iter().flatten().cloned().chain(dates).collect()),
        },
        ..reading.clone()
    };
    // A label that is missing in the first rows is no reason to read a table of text as numbers.
    let without_labels = || {
        let names = reading.label_columns(|_| true);
        let ignore = reading.ignore.iter().flatten().cloned().chain(names).collect();
        let ignore = reading.columns.is_none().then_some(ignore);
        Reading { label_column: None, labels: None, ignore, ..reading.clone() }
    };
    let Some((columns, chunk)) =
        first_rows(&reading, options, open).or_else(|| first_rows(&without_labels(), options, open))
    else {
        return false;
    };
    let Some(others) = chunk.others else { return false };
    match form {
        Form::Typed => {
            let schema = others.schema();
            let has_lists = schema.fields().iter().any(|field| is_list(field.data_type()));
            let is_other = |name: &String| others.column_by_name(name).is_some_and(|array| is_other(array.data_type()));
            !has_lists && columns.iter().any(is_other)
        }
        Form::Text(_) => {
            let found: Vec<Found> = columns.iter().map(|name| found(&others, name, form)).collect();
            found.contains(&Found::Text) && !found.contains(&Found::OtherNotation)
        }
    }
}

/// Returns the names of the features and the first rows of a table whose columns pass through; `None` if it cannot be
/// read.
fn first_rows(reading: &Reading, options: &LoadOptions, open: Open<'_>) -> Option<(Vec<String>, Chunk)> {
    let options = LoadOptions { reading: reading.clone(), features: Features::PassThrough, ..options.clone() };
    let Ok(Opened::Reader(mut reader)) = open(&options) else { return None };
    let columns = reader.head().columns.clone()?;
    let chunk = reader.next(ROWS).ok()??;
    Some((columns, chunk))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Numbers,
    Text,
    /// Numbers in another notation than the options say.
    OtherNotation,
}

/// Looks for text in a column of text.
fn found(others: &RecordBatch, name: &str, form: Form) -> Found {
    let (Form::Text(notation), Some(array)) = (form, others.column_by_name(name)) else { return Found::Numbers };
    let is_boolean = |text: &str| ["true", "false", "yes", "no"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let look = |value: Value<'_>| {
        if let Value::Text(text) = value
            && notation.read(text) == Content::Text
            && !is_boolean(text)
        {
            let is_number = notation.is_other_number(others.num_columns(), text);
            return Err(if is_number { Found::OtherNotation } else { Found::Text });
        }
        Ok(())
    };
    // The first text decides.
    match for_each_value(array, look) {
        Ok(_) => Found::Numbers,
        Err(found) => found,
    }
}

/// Returns whether a type is text or a date, or a dictionary of them.
pub(super) fn is_other(data_type: &DataType) -> bool {
    match data_type {
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => true,
        other => is_text(other),
    }
}

/// Returns whether a type is text, or a dictionary of text.
pub(super) fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_list(data_type: &DataType) -> bool {
    matches!(data_type, DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..))
}
