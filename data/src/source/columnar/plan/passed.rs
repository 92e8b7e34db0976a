//! The columns that would be features, if all columns of a table pass through.

use std::path::Path;

use arrow_schema::Schema;
use narrows_table::is_value_type;

use crate::{error::DataError, source::columnar::schema::index_columns};

/// Checks the types of the columns that are selected to pass through.
pub(super) fn passed_of(
    path: &Path,
    schema: &Schema,
    labels: &[usize],
    columns: Vec<usize>,
) -> Result<Vec<usize>, DataError> {
    for &column in &columns {
        let (path, field) = (path.to_owned(), schema.field(column));
        if labels.contains(&column) {
            return Err(DataError::LabelInSample { path, column: field.name().clone() });
        }
        if !is_value_type(field.data_type()) {
            let expected = "numbers, text, booleans or dates";
            let found = field.data_type().to_string();
            return Err(DataError::ColumnType { path, column: field.name().clone(), found, expected });
        }
    }
    Ok(columns)
}

/// Returns all columns of single values among those that are allowed.
pub(super) fn default_passed(
    path: &Path,
    schema: &Schema,
    is_allowed: impl Fn(usize) -> bool,
) -> Result<Vec<usize>, DataError> {
    let index = index_columns(schema);
    let fields = schema.fields().iter().enumerate();
    let fitting = fields.filter(|(column, field)| is_allowed(*column) && is_value_type(field.data_type()));
    let passed: Vec<usize> = fitting.map(|(column, _)| column).filter(|column| !index.contains(column)).collect();
    if passed.is_empty() {
        return Err(DataError::NoFeatures { path: path.to_owned() });
    }
    Ok(passed)
}
