//! Consecutive rows of a file, with their labels and pass-through columns.

use arrow_array::{BooleanArray, RecordBatch};

use crate::{error::DataError, labels::Labels, values::Values};

/// Consecutive rows of a file.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The samples, `[rows, features]`: in memory, of the type that [`Head`](crate::Head) declares, and at least one
    /// row unless `recorded` is set. A missing value is NaN, and occurs only if [`Missing`](crate::Missing) allows it.
    /// Infinities never occur.
    pub values: Values,
    /// One label per row, if [`Head::has_labels`](crate::Head::has_labels) is true.
    pub labels: Option<Labels>,
    /// Pass-through columns: columns that are not features, copied to the output.
    pub others: Option<RecordBatch>,
    /// The time steps in which these windows end, if the samples are windows of a recording.
    pub recorded: Option<Recorded>,
}

/// Consecutive time steps of a recording, and the windows that end in them.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The index in the recording of the first of these steps.
    pub first: usize,
    /// The steps, `[steps, channels]`.
    pub values: Values,
    /// The pass-through columns of the steps.
    pub others: Option<RecordBatch>,
    /// The first time step of each window.
    pub starts: Vec<usize>,
}

impl Chunk {
    /// Returns only the given rows, in ascending order.
    pub(crate) fn select(&self, rows: &[usize]) -> Result<Chunk, DataError> {
        let mut is_kept = vec![false; self.values.rows()];
        rows.iter().for_each(|&row| is_kept[row] = true);
        let filter = BooleanArray::from(is_kept);
        let others = self.others.as_ref().map(|others| arrow_select::filter::filter_record_batch(others, &filter));
        let labels = self.labels.as_ref().map(|labels| labels.select(rows));
        let others = others.transpose().map_err(DataError::column)?;
        Ok(Chunk { values: self.values.select(rows)?, labels, others, recorded: None })
    }
}
