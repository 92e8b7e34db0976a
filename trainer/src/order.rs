//! The shuffled order of the rows in an epoch.

use rand::seq::SliceRandom;

use crate::random::{Stream, stream};

/// Returns the rows in the order in which an epoch visits them; `epoch` counts from 1. Consecutive rows form the
/// batches. The order depends only on the seed, the epoch and the number of rows.
pub fn order_of(rows: &[usize], seed: u64, epoch: usize) -> Vec<usize> {
    let mut order = rows.to_vec();
    order.shuffle(&mut stream(seed, Stream::Shuffle, epoch as u64));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_visits_all_rows_in_a_different_order() {
        let rows: Vec<usize> = (10..60).collect();
        let [first, again, second] = [1, 1, 2].map(|epoch| order_of(&rows, 7, epoch));
        assert!(first == again && first != second && first != rows);
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, rows);
    }
}
