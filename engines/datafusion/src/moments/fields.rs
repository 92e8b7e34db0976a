//! The fields of the results, and the name in errors.

use std::sync::Arc;

use datafusion::{
    arrow::datatypes::{DataType, Field, Fields},
    common::DataFusionError,
};

use crate::Error;

/// Name of the function in SQL.
pub(super) const NAME: &str = "narrows_moments";

/// Name of the field with the number of rows that were passed over.
pub(super) const SKIPPED: &str = "skipped";

/// Returns the fields of the result, which are also those of the state.
pub(super) fn fields() -> Fields {
    Fields::from(vec![
        Field::new("count", DataType::UInt64, false),
        Field::new(SKIPPED, DataType::UInt64, false),
        Field::new("mean", list_type(DataType::Float64), false),
        Field::new("covariance", list_type(DataType::Float64), false),
        Field::new("minimum", list_type(DataType::Float32), false),
        Field::new("maximum", list_type(DataType::Float32), false),
        Field::new("columns", list_type(DataType::Utf8), true),
    ])
}

pub(super) fn error(what: String) -> DataFusionError {
    Error::Arguments { function: NAME, what }.into()
}

/// Returns the type of lists.
pub(super) fn list_type(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", element, true)))
}
