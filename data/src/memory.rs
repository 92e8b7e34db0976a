//! Rows that are in memory, as a file that is gone through.

use crate::{chunk::Chunk, error::DataError, head::Head, labels::Labels, reader::Reader, values::Values};

/// Rows that were read as a whole.
pub(crate) struct MemoryReader {
    head: Head,
    values: Values,
    labels: Option<Labels>,
    /// The first row that was not given out.
    next: usize,
}

impl MemoryReader {
    pub(crate) fn new(head: Head, values: Values, labels: Option<Labels>) -> Self {
        MemoryReader {
            head: Head { rows: Some(values.rows()), has_labels: labels.is_some(), ..head },
            values,
            labels,
            next: 0,
        }
    }
}

impl Reader for MemoryReader {
    fn head(&self) -> &Head {
        &self.head
    }

    fn next(&mut self, most: usize) -> Result<Option<Chunk>, DataError> {
        let rows: Vec<usize> = (self.next..self.values.rows()).take(most).collect();
        self.next += rows.len();
        if rows.is_empty() {
            return Ok(None);
        }
        let labels = self.labels.as_ref().map(|labels| labels.select(&rows));
        Ok(Some(Chunk { values: self.values.select(&rows)?, labels, others: None }))
    }
}
