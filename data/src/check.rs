//! Refuses numbers that a model cannot take, and names the place of each.

use std::path::Path;

use crate::{error::DataError, finite::first_wrong, reading::Missing, row::Row, values::Values};

/// Refuses what no `f32` holds, and NaN unless it may stand for a missing value, in values whose first row is
/// that number of the file.
pub(crate) fn check_from(
    path: &Path,
    first: usize,
    values: &Values,
    columns: Option<&[String]>,
    missing: Missing,
) -> Result<(), DataError> {
    if values.is_bytes() {
        return Ok(());
    }
    let features = values.features();
    if let Values::F32(values) = values
        && let Some(numbers) = values.as_slice()
    {
        return check_numbers(path, first.saturating_mul(features), numbers, features, columns, missing);
    }
    let mut outcome = Ok(());
    values.visit(0..values.rows(), |row, numbers| {
        if let (Ok(()), Row::F32(numbers)) = (&outcome, numbers) {
            outcome = check_numbers(path, (first + row) * features, numbers, features, columns, missing);
        }
    })?;
    outcome
}

/// The same for numbers that lie row after row, of which the first is that number of the file.
pub(crate) fn check_numbers(
    path: &Path,
    first: usize,
    numbers: &[f32],
    features: usize,
    columns: Option<&[String]>,
    missing: Missing,
) -> Result<(), DataError> {
    let Some(wrong) = first_wrong(numbers, missing) else { return Ok(()) };
    let (row, column) = ((first + wrong) / features, (first + wrong) % features);
    let column = place(column, columns);
    Err(DataError::NotFinite { path: path.to_owned(), row, column, value: numbers[wrong] })
}

/// A column by its number, and by its name where it has one.
pub(crate) fn place(column: usize, columns: Option<&[String]>) -> String {
    match columns.and_then(|columns| columns.get(column)) {
        Some(name) => format!("{column} (`{name}`)"),
        None => column.to_string(),
    }
}
