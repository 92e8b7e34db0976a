//! Columns of results that are not numbers of a sample, added to the pass-through columns; and the selection of rows.

use std::{collections::HashSet, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use arrow_schema::{ArrowError, Field, Schema};

/// A column of results.
pub(crate) struct ExtraColumn {
    pub(crate) name: String,
    pub(crate) values: ArrayRef,
}

/// Appends columns to the pass-through columns. A pass-through column with the name of an added one gets `data_` in
/// front of its name.
pub(crate) fn with_columns(others: Option<&RecordBatch>, columns: Vec<ExtraColumn>) -> Result<RecordBatch, ArrowError> {
    let schema = others.map_or_else(|| Schema::empty().into(), RecordBatch::schema);
    let mut taken: HashSet<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let is_added = |name: &String| columns.iter().any(|column| column.name == *name);
    let renamed = |field: &Arc<Field>| {
        let mut name = field.name().clone();
        if is_added(&name) {
            while !taken.insert(name.clone()) || is_added(&name) {
                name = format!("data_{name}");
            }
        }
        field.as_ref().clone().with_name(name)
    };
    let fields: Vec<Field> = schema.fields().iter().map(renamed).collect();
    let added = columns.iter().map(|column| {
        // Later rows may lack a value.
        Field::new(&column.name, column.values.data_type().clone(), true)
    });
    let fields: Vec<Field> = fields.into_iter().chain(added).collect();
    let arrays = others.map_or(&[][..], RecordBatch::columns).iter().cloned();
    let arrays = arrays.chain(columns.iter().map(|column| Arc::clone(&column.values))).collect();
    RecordBatch::try_new(Schema::new(fields).into(), arrays)
}

/// Returns the given rows of the columns.
pub(crate) fn select_rows(columns: &RecordBatch, rows: &[usize]) -> Result<RecordBatch, ArrowError> {
    let rows = UInt64Array::from_iter_values(rows.iter().map(|&row| row as u64));
    arrow_select::take::take_record_batch(columns, &rows)
}
