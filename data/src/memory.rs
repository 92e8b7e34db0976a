//! A reader of rows that are in memory.

use crate::{chunk::Chunk, error::DataError, head::Head, labels::Labels, reader::Reader, values::Values};

/// Reads rows that are in memory.
pub(crate) struct MemoryReader {
    head: Head,
    values: Values,
    labels: Option<Labels>,
    /// The next row to return.
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

    fn next(&mut self, max_rows: usize) -> Result<Option<Chunk>, DataError> {
        let rows: Vec<usize> = (self.next..self.values.rows()).take(max_rows).collect();
        self.next += rows.len();
        if rows.is_empty() {
            return Ok(None);
        }
        let labels = self.labels.as_ref().map(|labels| labels.select(&rows));
        Ok(Some(Chunk { values: self.values.select(&rows)?, labels, others: None, recorded: None }))
    }
}
