//! Statistics of batch normalisation: which are used, and the update of the running ones.

use candle_core::{Result, Tensor, Var};

/// Weight of a batch in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// Which statistics batch normalisation uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum NormalisedBy {
    /// The running averages, which do not change: everywhere outside training.
    #[default]
    RunningStatistics,
    /// The statistics of each batch, which also update the running averages: in training.
    Batch,
}

impl NormalisedBy {
    /// Returns whether a batch with `count` values per channel is normalised by its own statistics. A single value has
    /// no variance.
    pub(super) fn is_batch(self, count: usize) -> bool {
        self == NormalisedBy::Batch && count > 1
    }
}

/// Updates a running mean and variance by those of a batch with `count` values per channel, `[channels]` each. As in
/// PyTorch, the running variance is an average of unbiased variances.
pub(super) fn update_running([mean, variance]: [&Var; 2], batch: [&Tensor; 2], count: usize) -> Result<()> {
    let unbiased = (batch[1] * (count as f64 / (count as f64 - 1.0)))?;
    for (running, batch) in [(mean, batch[0]), (variance, &unbiased)] {
        running.set(&((running.as_detached_tensor() * (1.0 - MOMENTUM))? + (batch.detach() * MOMENTUM)?)?)?;
    }
    Ok(())
}
