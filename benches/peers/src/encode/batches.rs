//! The measured batch sizes.

use std::time::Duration;

/// A batch size and the duration of its measurement.
pub(crate) struct Batch {
    pub(crate) rows: usize,
    pub(crate) rounds: usize,
    /// Duration of the measurement of a peer per round; zero means a single call.
    pub(crate) length: Duration,
}

/// Batches of one row measure latency, all others throughput.
pub(crate) const OF_DENSE: [Batch; 4] = [
    Batch { rows: 1, rounds: 15, length: Duration::from_millis(100) },
    Batch { rows: 64, rounds: 11, length: Duration::from_millis(100) },
    Batch { rows: 1024, rounds: 9, length: Duration::from_millis(200) },
    Batch { rows: 60_000, rounds: 5, length: Duration::ZERO },
];

/// Those of the convolutional encoder, which computes eight times as much per row.
pub(crate) const OF_CONVOLUTIONS: [Batch; 3] = [
    Batch { rows: 1, rounds: 15, length: Duration::from_millis(100) },
    Batch { rows: 64, rounds: 9, length: Duration::from_millis(200) },
    Batch { rows: 10_000, rounds: 5, length: Duration::ZERO },
];

/// Returns the size of the largest batch.
pub(crate) fn largest(batches: &[Batch]) -> usize {
    batches.iter().map(|batch| batch.rows).max().unwrap_or(1)
}
