//! The error for a damaged file.

use std::{error::Error, path::Path};

use crate::error::DataError;

pub(super) const FORMAT: &str = "Parquet";

pub(super) fn damaged(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> DataError {
    DataError::TableDamaged { path: path.to_owned(), format: FORMAT, source: source.into() }
}
