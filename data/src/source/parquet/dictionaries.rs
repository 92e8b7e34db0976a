//! Columns that Arrow's metadata declares as dictionaries of values for which the decoder has no dictionaries, as
//! pandas writes categories of booleans. They are read as plain values. The decoder would panic.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Returns the schema with plain values in these columns. `None` if there are none.
pub(super) fn plain(schema: &Schema) -> Option<SchemaRef> {
    let mut is_changed = false;
    let fields: Vec<Field> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            DataType::Dictionary(_, values) if !has_dictionaries(values) => {
                is_changed = true;
                field.as_ref().clone().with_data_type(values.as_ref().clone())
            }
            _ => field.as_ref().clone(),
        })
        .collect();
    is_changed.then(|| Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// Whether the decoder reads dictionaries of these values.
fn has_dictionaries(values: &DataType) -> bool {
    !matches!(
        values,
        DataType::Boolean
            | DataType::Float16
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
    )
}
