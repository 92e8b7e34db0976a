//! Errors of making a page.

use narrows_evaluate::{ChartError, PictureError};

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The data has no rows.
    #[error("there are no rows to show")]
    NoRows,
    /// The caller stopped the computation.
    #[error("interrupted; there is no page")]
    Interrupted,
    /// The model failed.
    #[error(transparent)]
    Runtime(#[from] narrows_runtime::Error),
    /// A sample could not be drawn.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A chart could not be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
}
