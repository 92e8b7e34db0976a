//! A random sample of the rows of a stream.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

/// Keeps a random sample of fixed size: every row of the stream has the same probability to be kept (Vitter 1985,
/// algorithm R).
#[derive(Debug, Clone)]
pub struct Reservoir<T> {
    capacity: usize,
    seen: u64,
    kept: Vec<T>,
    random: ChaCha8Rng,
}

impl<T> Reservoir<T> {
    /// Creates an empty sample of at most `capacity` rows.
    pub fn new(capacity: usize, seed: u64) -> Self {
        Reservoir { capacity, seen: 0, kept: Vec::new(), random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Passes a row of the stream. `row` is called only if the row is kept.
    pub fn add(&mut self, row: impl FnOnce() -> T) {
        self.seen += 1;
        if self.kept.len() < self.capacity {
            self.kept.push(row());
        } else if let Some(kept) = self.kept.get_mut((self.random.next_u64() % self.seen) as usize) {
            *kept = row();
        }
    }

    /// Returns the kept rows.
    pub fn into_rows(self) -> Vec<T> {
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_kept_with_the_same_probability() {
        let mut counts = [0usize; 10];
        for seed in 0..4000 {
            let mut reservoir = Reservoir::new(3, seed);
            (0..10usize).for_each(|row| reservoir.add(|| row));
            let rows = reservoir.into_rows();
            assert_eq!(rows.len(), 3);
            rows.into_iter().for_each(|row| counts[row] += 1);
        }
        // Four standard deviations of a binomial count with 4000 trials and a probability of 0.3.
        assert!(counts.iter().all(|count| count.abs_diff(1200) < 116), "{counts:?}");
        let mut few = Reservoir::new(5, 0);
        (0..3).for_each(|row| few.add(|| row));
        assert_eq!(few.into_rows(), [0, 1, 2]);
    }
}
