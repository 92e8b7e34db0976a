//! What a schema says beyond the types of its columns: the index that pandas wrote, and names that occur twice.

use std::{path::Path, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use serde::Deserialize;

use crate::{error::DataError, notes::Note, source::columnar::batches::Batches, unique_names::make_unique};

/// The metadata of pandas: which columns are the index.
#[derive(Deserialize)]
struct Pandas {
    #[serde(default)]
    index_columns: Vec<serde_json::Value>,
}

/// Returns the columns that pandas wrote as the index. They contain row numbers or row names, which are not features.
pub(super) fn index_columns(schema: &Schema) -> Vec<usize> {
    let pandas: Option<Pandas> = schema.metadata().get("pandas").and_then(|text| serde_json::from_str(text).ok());
    let named: Vec<String> = pandas.into_iter().flat_map(|pandas| pandas.index_columns).filter_map(name).collect();
    let is_index = |field: &Field| {
        named.contains(field.name()) || field.name().starts_with("__index_level_") && field.name().ends_with("__")
    };
    schema.fields().iter().enumerate().filter(|(_, field)| is_index(field)).map(|(column, _)| column).collect()
}

/// Returns the name of an index column. An index that is a range is not stored.
fn name(index: serde_json::Value) -> Option<String> {
    match index {
        serde_json::Value::String(name) => Some(name),
        _ => None,
    }
}

/// Returns the schema with different names for all columns, and what was renamed.
pub(super) fn with_unique_names(path: &Path, schema: &Schema) -> (Arc<Schema>, Option<Note>) {
    let mut names: Vec<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let note = make_unique(path.display(), &mut names);
    let fields = schema.fields().iter().zip(names);
    let fields: Vec<Field> = fields.map(|(field, name)| field.as_ref().clone().with_name(name)).collect();
    (Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())), note)
}

/// Batches whose columns have other names.
pub(super) struct Renamed<B> {
    pub(super) batches: B,
    pub(super) schema: Arc<Schema>,
}

impl<B: Batches> Batches for Renamed<B> {
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError> {
        let Some(batch) = self.batches.next()? else { return Ok(None) };
        RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec()).map(Some).map_err(DataError::column)
    }
}
