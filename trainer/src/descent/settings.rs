//! Settings of the training loop that every trained network shares: steps, early stopping, kernels.

use crate::{candle::Kernels, options::options, problems::Problems};

options! {
    /// How long training lasts.
    pub struct LengthOptions in "Training" {
        /// Epochs: passes over the training rows [default: about 5000 steps, between 10 and 200 epochs]
        #[flag(value_name = "NUMBER")]
        pub epochs: usize = 50,
    }
}

options! {
    /// What a training step is.
    pub struct StepOptions in "Training" {
        /// Rows per step [default: 64]
        #[flag(value_name = "ROWS")]
        pub batch_size: usize = 64,
        /// Scale the gradient down to this norm where it is longer, 0 for no limit [default: 0]
        #[flag(value_name = "NORM")]
        pub clip_norm: f64 = 10.0,
        /// Decay of a moving average of the weights, which is then the model; 0 for none [default: 0]
        #[flag(value_name = "DECAY")]
        pub average: f64 = 0.999,
    }
}

options! {
    /// When training stops before its last epoch.
    pub struct StoppingOptions in "Training" {
        /// Stop after this many epochs without a better validation loss, and take the best epoch; epochs of --kl-warmup
        /// do not count; 0 for never [default: 0; in a transfer with rows held out 10, and 5 with --fine-tune]
        #[flag(value_name = "EPOCHS")]
        pub patience: usize = 10,
        /// By how much a loss must be lower to count as better, with --patience [default: 0]
        #[flag(value_name = "LOSS")]
        pub min_delta: f64 = 0.01,
    }
}

options! {
    /// What computes.
    pub struct KernelOptions in "Training" {
        /// Kernels that compute a step: fused, or composed of Candle's own operations, which is slower and the same to
        /// rounding [default: fused]
        #[flag(value_name = "NAME")]
        pub kernels: Kernels = Kernels::Fused,
    }
}

/// What a training step is, checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Rows per step, at least 1.
    pub batch_size: usize,
    /// Largest norm of the gradient, positive.
    pub clip_norm: Option<f64>,
    /// Decay of the moving average of the weights, in `(0, 1)`.
    pub average: Option<f64>,
}

/// Stopping when the loss on the rows held out gets no better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStop {
    /// Epochs without a better loss, at least 1.
    pub patience: usize,
    /// By how much a loss must be lower to count as better, not negative.
    pub min_delta: f64,
}

impl StepOptions {
    /// What these options mean.
    pub(crate) fn check(&self, problems: &mut Problems) -> Steps {
        let clip_norm = problems.not_negative("clip_norm", "norm", self.clip_norm.unwrap_or(0.0));
        let average = problems.share("average", self.average.unwrap_or(0.0));
        Steps {
            batch_size: problems.at_least_one("batch_size", self.batch_size.unwrap_or(64)),
            clip_norm: Some(clip_norm).filter(|&norm| norm > 0.0),
            average: Some(average).filter(|&decay| decay > 0.0),
        }
    }
}

impl Steps {
    /// The options that say this: what is off is 0.
    pub(crate) fn options(self) -> StepOptions {
        StepOptions {
            batch_size: Some(self.batch_size),
            clip_norm: Some(self.clip_norm.unwrap_or(0.0)),
            average: Some(self.average.unwrap_or(0.0)),
        }
    }

    /// Steps in an epoch of this many rows, at least 1.
    pub(crate) fn per_epoch(self, rows: usize) -> u64 {
        rows.div_ceil(self.batch_size.max(1)).max(1) as u64
    }
}

impl StoppingOptions {
    /// What these options mean, with this patience where they leave it open; `can_stop` if there are rows to stop by.
    pub(crate) fn check(&self, patience: usize, can_stop: bool, problems: &mut Problems) -> Option<EarlyStop> {
        let patience = self.patience.unwrap_or(patience);
        let min_delta = problems.not_negative("min_delta", "loss", self.min_delta.unwrap_or(0.0));
        if min_delta > 0.0 && patience == 0 {
            problems
                .add("min_delta", "means nothing without --patience, which needs rows held out (--valid-fraction 0.1)");
        }
        if patience > 0 && !can_stop {
            problems.add("patience", "needs rows that are held out (--valid-fraction 0.1)");
        }
        (patience > 0).then_some(EarlyStop { patience, min_delta })
    }
}

impl EarlyStop {
    /// Whether a loss is better than the best one so far.
    pub(crate) fn is_better(rule: Option<Self>, loss: f64, best: Option<f64>) -> bool {
        let min_delta = rule.map_or(0.0, |rule| rule.min_delta);
        best.is_none_or(|best| loss < best - min_delta)
    }

    /// Whether to stop after this many epochs without a better loss.
    pub(crate) fn has_stalled(rule: Option<Self>, stale: usize) -> bool {
        rule.is_some_and(|rule| stale >= rule.patience)
    }

    /// The options that say this.
    pub(crate) fn options(stop: Option<Self>) -> StoppingOptions {
        StoppingOptions {
            patience: Some(stop.map_or(0, |stop| stop.patience)),
            min_delta: stop.map(|stop| stop.min_delta),
        }
    }
}
