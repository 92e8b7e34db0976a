//! Refuses values that a model cannot process, and names their row and column.

use std::path::Path;

use crate::{
    error::DataError, finite::first_invalid, printable::printable, reading::Missing, row::Row, values::Values,
};

/// Refuses infinities, and NaN unless `missing` allows missing values. `first` is the row in the file of the first row
/// of `values`.
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

/// Does the same as [`check_from`] for a slice in row-major order. `first` is the index in the file of its first value.
pub(crate) fn check_numbers(
    path: &Path,
    first: usize,
    numbers: &[f32],
    features: usize,
    columns: Option<&[String]>,
    missing: Missing,
) -> Result<(), DataError> {
    let Some(index) = first_invalid(numbers, missing) else { return Ok(()) };
    let (row, column) = ((first + index) / features, (first + index) % features);
    let column = column_label(column, columns);
    Err(DataError::NotFinite { path: path.to_owned(), row, column, value: numbers[index] })
}

/// Formats a column for a message: its name, or its index if it has no name or a name that is not unique.
pub(crate) fn column_label(column: usize, columns: Option<&[String]>) -> String {
    let columns = columns.unwrap_or_default();
    let name = columns.get(column);
    let is_unique = |name: &String| columns.iter().filter(|other| *other == name).count() == 1;
    match name {
        Some(name) if is_unique(name) => format!("`{}`", printable(name)),
        Some(name) => format!("`{}` (index {column}, counted from 0)", printable(name)),
        None => format!("{column} (counted from 0)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_named_by_its_name_and_otherwise_by_its_index() {
        let columns = ["x", "y", "x"].map(str::to_owned);
        let labels = [0, 1].map(|column| column_label(column, Some(&columns)));
        assert_eq!(labels, ["`x` (index 0, counted from 0)", "`y`"]);
        assert_eq!(column_label(1, None), "1 (counted from 0)");
    }
}
