//! The interface of the measured peers.

use std::time::{Duration, Instant};

use anyhow::Result;
use ndarray::Array2;

/// An implementation of the encoder.
pub(crate) trait Peer {
    /// Prepares batches of `rows` images, with everything that a careful user would do once. Returns their codes,
    /// `[rows, latent]`.
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>>;

    /// Encodes the batch once.
    fn call(&mut self) -> Result<()>;

    /// Returns the duration of each call. Calls are repeated for `length`, with at least one call. Before, there is a
    /// warm-up of a fifth of `length`.
    fn time(&mut self, length: Duration) -> Result<Vec<Duration>> {
        let start = Instant::now();
        while start.elapsed() < length / 5 {
            self.call()?;
        }
        let mut times = Vec::new();
        let mut previous = Instant::now();
        let end = previous + length;
        loop {
            self.call()?;
            let now = Instant::now();
            times.push(now - previous);
            if now >= end {
                return Ok(times);
            }
            previous = now;
        }
    }
}
