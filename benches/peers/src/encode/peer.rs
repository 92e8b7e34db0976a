//! What it is to be measured.

use std::time::{Duration, Instant};

use anyhow::Result;
use ndarray::Array2;

/// One way of turning images into codes.
pub(crate) trait Peer {
    /// Makes ready for batches of so many images whatever a careful user would make once, and returns
    /// their codes, `[rows, latent]`.
    fn prepare(&mut self, rows: usize) -> Result<Array2<f32>>;

    /// Encodes the batch once.
    fn call(&mut self) -> Result<()>;

    /// How long each call took, one after the other for so long, and at least one. A fifth of that time
    /// goes to calls before, which are not counted.
    fn time(&mut self, length: Duration) -> Result<Vec<Duration>> {
        let start = Instant::now();
        while start.elapsed() < length / 5 {
            self.call()?;
        }
        let mut times = Vec::new();
        let mut before = Instant::now();
        let end = before + length;
        loop {
            self.call()?;
            let now = Instant::now();
            times.push(now - before);
            if now >= end {
                return Ok(times);
            }
            before = now;
        }
    }
}
