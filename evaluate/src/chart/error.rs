//! Errors of drawing charts.

use std::error::Error;

/// Why a chart could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChartError {
    /// There is nothing to draw.
    #[error("there are no finite {0} to draw")]
    Empty(&'static str),
    /// There is not one name for each column.
    #[error("got {names} names for {columns} columns")]
    Names {
        /// The number of names.
        names: usize,
        /// The number of columns.
        columns: usize,
    },
    /// Two sets of rows have different columns.
    #[error("real rows have {real} columns, generated rows have {generated}")]
    Columns {
        /// The number of columns of the real rows.
        real: usize,
        /// The number of columns of the generated rows.
        generated: usize,
    },
    /// The drawing failed.
    #[error("cannot draw the chart")]
    Draw(#[source] Box<dyn Error + Send + Sync>),
}
