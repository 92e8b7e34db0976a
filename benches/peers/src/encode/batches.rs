//! The sizes of batch that are measured.

use std::time::Duration;

/// One size of batch, and how long it is measured.
pub(crate) struct Batch {
    pub(crate) rows: usize,
    pub(crate) rounds: usize,
    /// How long one peer is timed in one round; zero is a single call.
    pub(crate) length: Duration,
}

/// One row is what latency is taken of, all others throughput.
pub(crate) const BATCHES: [Batch; 4] = [
    Batch { rows: 1, rounds: 15, length: Duration::from_millis(100) },
    Batch { rows: 64, rounds: 11, length: Duration::from_millis(100) },
    Batch { rows: 1024, rounds: 9, length: Duration::from_millis(200) },
    Batch { rows: 60_000, rounds: 5, length: Duration::ZERO },
];

/// Rows of the largest batch.
pub(crate) fn most_rows() -> usize {
    BATCHES.iter().map(|batch| batch.rows).max().unwrap_or(1)
}
