//! Wraps errors of other modules and crates.

use std::path::Path;

use super::DataError;
use crate::{content_error::ContentError, series_error::SeriesError, table_error::TableError};

impl DataError {
    /// Wraps an error of series.
    pub(crate) fn series(source: SeriesError) -> Self {
        DataError::Series(Box::new(source))
    }

    /// Wraps an error of content.
    pub(crate) fn content(source: ContentError) -> Self {
        DataError::Content(Box::new(source))
    }

    /// Wraps an error of a mixed table.
    pub(crate) fn table(source: TableError) -> Self {
        DataError::Table(Box::new(source))
    }

    /// Wraps an error of the content of a line of JSON.
    pub(crate) fn json_line(path: &Path, line: u64, fault: String) -> Self {
        DataError::content(ContentError::JsonLine { path: path.to_owned(), line, fault })
    }

    /// Wraps an error of Arrow about columns that were read.
    pub(crate) fn column(source: arrow_schema::ArrowError) -> Self {
        DataError::Columns { source: source.into() }
    }
}
