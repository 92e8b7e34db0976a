//! Reads a file batch by batch.

use arrow_array::RecordBatch;

use crate::error::DataError;

/// Reads a file batch by batch. The file determines the size of a batch.
pub(crate) trait Batches: Send {
    /// Returns the next rows, with the columns of the schema, or `None` at the end.
    fn next(&mut self) -> Result<Option<RecordBatch>, DataError>;
}

/// Returns the next batch that is not empty.
pub(super) fn next_rows(batches: &mut impl Batches) -> Result<Option<RecordBatch>, DataError> {
    loop {
        match batches.next()? {
            Some(batch) if batch.num_rows() == 0 => {}
            outcome => return Ok(outcome),
        }
    }
}
