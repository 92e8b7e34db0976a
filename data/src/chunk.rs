//! Some rows of a file, with what belongs to each of them.

use arrow_array::{BooleanArray, RecordBatch};

use crate::{error::DataError, labels::Labels, values::Values};

/// Some rows of a file.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// In memory, of the type that the head says, at least one row. A missing value is NaN, and is there only
    /// if [`Missing`](crate::Missing) allows it; infinities never are.
    pub values: Values,
    /// One a row, where the head says so.
    pub labels: Option<Labels>,
    /// Columns that are no part of the sample, to be carried along.
    pub others: Option<RecordBatch>,
}

impl Chunk {
    /// These rows alone, in rising order.
    pub(crate) fn select(&self, rows: &[usize]) -> Result<Chunk, DataError> {
        let mut is_kept = vec![false; self.values.rows()];
        rows.iter().for_each(|&row| is_kept[row] = true);
        let filter = BooleanArray::from(is_kept);
        let others = self.others.as_ref().map(|others| arrow_select::filter::filter_record_batch(others, &filter));
        let labels = self.labels.as_ref().map(|labels| labels.select(rows));
        Ok(Chunk { values: self.values.select(rows)?, labels, others: others.transpose().map_err(DataError::column)? })
    }
}
