//! In which order an epoch takes the rows.

use rand::seq::SliceRandom;

use crate::random::{Stream, stream};

/// The rows in the order in which an epoch, counted from 1, takes them: batches are cut from it one after the
/// other. It depends on the seed, the epoch and the number of rows alone.
pub fn order_of(rows: &[usize], seed: u64, epoch: usize) -> Vec<usize> {
    let mut order = rows.to_vec();
    order.shuffle(&mut stream(seed, Stream::Shuffle, epoch as u64));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_takes_all_rows_in_an_order_of_its_own() {
        let rows: Vec<usize> = (10..60).collect();
        let [first, again, second] = [1, 1, 2].map(|epoch| order_of(&rows, 7, epoch));
        assert!(first == again && first != second && first != rows);
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, rows);
    }
}
