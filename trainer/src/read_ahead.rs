//! Rows of coming batches are read from the disk while the current batch is trained on.

use narrows_data::Values;

/// How far to read ahead, in bytes. A disk needs some milliseconds for its first answer, and answers many questions at
/// once; the system's cache holds this much easily.
const WINDOW_BYTES: usize = 16 << 20;

/// The rows of an epoch, in the order of training, of which the next ones are announced to the system.
#[derive(Debug)]
pub(crate) struct ReadAhead<'a> {
    values: &'a Values,
    rows: &'a [usize],
    /// Number of rows that are trained on, or are in the current batch.
    visited: usize,
    /// Number of rows that are announced or visited.
    announced: usize,
    /// Number of rows to announce before they are visited.
    window: usize,
}

impl<'a> ReadAhead<'a> {
    pub(crate) fn new(values: &'a Values, rows: &'a [usize]) -> Self {
        let window = (WINDOW_BYTES / (size_of::<f32>() * values.features().max(1))).max(1);
        ReadAhead { values, rows, visited: 0, announced: 0, window }
    }

    /// Announces the rows after the next `count` rows, which are visited now.
    pub(crate) fn advance(&mut self, count: usize) {
        self.visited += count;
        let first = self.announced.max(self.visited);
        let end = self.rows.len().min(self.visited + self.window);
        if let Some(next) = self.rows.get(first..end) {
            self.values.read_ahead(next);
            self.announced = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_row_after_the_first_batch_is_announced_once() {
        let values = Values::F32(Array2::zeros((100, WINDOW_BYTES / size_of::<f32>() / 20)));
        let rows: Vec<usize> = (0..100).rev().collect();
        let mut ahead = ReadAhead::new(&values, &rows);
        assert_eq!(ahead.window, 20);
        let announced: Vec<usize> = rows
            .chunks(8)
            .map(|batch| {
                ahead.advance(batch.len());
                ahead.announced
            })
            .collect();
        assert_eq!(announced, [28, 36, 44, 52, 60, 68, 76, 84, 92, 100, 100, 100, 100]);
    }
}
