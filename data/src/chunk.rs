//! Consecutive rows of a file, with their labels and pass-through columns.

use arrow_array::{BooleanArray, RecordBatch};

use crate::{error::DataError, labels::Labels, values::Values};

/// Consecutive rows of a file.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The samples, `[rows, features]`: in memory, at least one row, of the type that [`Head`](crate::Head) declares.
    /// A missing value is NaN, and occurs only if [`Missing`](crate::Missing) allows it. Infinities never occur.
    pub values: Values,
    /// One label per row, if [`Head::has_labels`](crate::Head::has_labels) is true.
    pub labels: Option<Labels>,
    /// Pass-through columns: columns that are not features, copied to the output.
    pub others: Option<RecordBatch>,
}

impl Chunk {
    /// Returns only the given rows, in ascending order.
    pub(crate) fn select(&self, rows: &[usize]) -> Result<Chunk, DataError> {
        let mut is_kept = vec![false; self.values.rows()];
        rows.iter().for_each(|&row| is_kept[row] = true);
        let filter = BooleanArray::from(is_kept);
        let others = self.others.as_ref().map(|others| arrow_select::filter::filter_record_batch(others, &filter));
        let labels = self.labels.as_ref().map(|labels| labels.select(rows));
        Ok(Chunk { values: self.values.select(rows)?, labels, others: others.transpose().map_err(DataError::column)? })
    }
}
