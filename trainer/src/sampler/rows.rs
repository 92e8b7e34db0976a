//! Rows in chunks, the unit of parallel work. The size is fixed, so that sums do not depend on the number of cores.

use ndarray::{ArrayView2, Axis, iter::AxisChunksIter};

/// Number of rows of a chunk.
pub(super) const CHUNK_ROWS: usize = 1024;

/// Iterates over the chunks of a matrix.
pub(super) fn chunks<'a>(rows: &'a ArrayView2<'_, f64>) -> AxisChunksIter<'a, f64, ndarray::Ix2> {
    rows.axis_chunks_iter(Axis(0), CHUNK_ROWS)
}
