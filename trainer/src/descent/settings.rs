//! Settings of the training loop that all trained networks share: steps and early stopping.

use crate::{options::options, problems::Problems};

options! {
    /// Length of training.
    pub struct LengthOptions in "Training" {
        /// Number of epochs (passes over the training rows) [default: enough for 5000 steps, at least 10 and at most
        /// 200]
        #[flag(value_name = "NUMBER")]
        pub epochs: usize = 50,
    }
}

options! {
    /// Batch size, gradient clipping and weight averaging.
    pub struct StepOptions in "Training" {
        /// Mini-batch size, in rows [default: 64]
        #[flag(value_name = "ROWS")]
        pub batch_size: usize = 64,
        /// Clip the gradient of all weights to this L2 norm; 0 disables clipping [default: 0]
        #[flag(value_name = "NORM")]
        pub clip_norm: f64 = 10.0,
        /// Decay of an exponential moving average (EMA) of the weights, which becomes the model; 0 disables averaging
        /// [default: 0]
        #[flag(value_name = "DECAY")]
        pub average: f64 = 0.999,
    }
}

options! {
    /// Early stopping.
    pub struct StoppingOptions in "Training" {
        /// Early stopping: stop after this many epochs without a lower validation loss and restore the weights of the
        /// best epoch; 0 disables it. Epochs of a rising --kl-warmup or --capacity do not count [default: 0]
        #[flag(value_name = "EPOCHS")]
        pub patience: usize = 10,
        /// Smallest decrease of the validation loss that counts as an improvement, with --patience [default: 0]
        #[flag(value_name = "LOSS")]
        pub min_delta: f64 = 0.01,
    }
}

/// Checked settings of a training step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Steps {
    /// Mini-batch size in rows, at least 1.
    pub batch_size: usize,
    /// Largest L2 norm of the gradient, positive; `None` without clipping.
    pub clip_norm: Option<f64>,
    /// Decay of the moving average of the weights, in `(0, 1)`; `None` without averaging.
    pub average: Option<f64>,
}

/// Early stopping: training stops when the validation loss does not improve any more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyStop {
    /// Number of epochs without improvement after which training stops, at least 1.
    pub patience: usize,
    /// Smallest decrease of the loss that counts as an improvement, not negative.
    pub min_delta: f64,
}

impl StepOptions {
    /// Checks the options and fills in the defaults. Problems are added to `problems`.
    pub(crate) fn check(&self, problems: &mut Problems) -> Steps {
        let clip_norm = problems.not_negative("clip_norm", "norm", self.clip_norm.unwrap_or(0.0));
        let average = problems.in_unit_interval("average", self.average.unwrap_or(0.0));
        Steps {
            batch_size: problems.at_least_one("batch_size", self.batch_size.unwrap_or(64)),
            clip_norm: Some(clip_norm).filter(|&norm| norm > 0.0),
            average: Some(average).filter(|&decay| decay > 0.0),
        }
    }
}

impl Steps {
    /// Returns the options that give these settings; 0 turns a setting off.
    pub(crate) fn options(self) -> StepOptions {
        StepOptions {
            batch_size: Some(self.batch_size),
            clip_norm: Some(self.clip_norm.unwrap_or(0.0)),
            average: Some(self.average.unwrap_or(0.0)),
        }
    }

    /// Number of steps in an epoch of `rows` rows, at least 1.
    pub(crate) fn per_epoch(self, rows: usize) -> u64 {
        rows.div_ceil(self.batch_size.max(1)).max(1) as u64
    }
}

impl StoppingOptions {
    /// Checks the options. `patience` is the default where they set none; `can_stop` is true if there are validation
    /// rows. Returns `None` for a patience of 0. Problems are added to `problems`.
    pub(crate) fn check(&self, patience: usize, can_stop: bool, problems: &mut Problems) -> Option<EarlyStop> {
        let patience = self.patience.unwrap_or(patience);
        let min_delta = problems.not_negative("min_delta", "loss", self.min_delta.unwrap_or(0.0));
        if min_delta > 0.0 && patience == 0 {
            problems.add_of_data(
                "min_delta",
                "has no effect without --patience, which needs validation rows; pass --valid-fraction 0.1",
            );
        }
        if patience > 0 && !can_stop {
            problems.add_of_data("patience", "needs validation rows; pass --valid-fraction 0.1");
        }
        (patience > 0).then_some(EarlyStop { patience, min_delta })
    }
}

impl EarlyStop {
    /// Whether `loss` improves on the best loss so far.
    pub(crate) fn is_better(rule: Option<Self>, loss: f64, best: Option<f64>) -> bool {
        let min_delta = rule.map_or(0.0, |rule| rule.min_delta);
        best.is_none_or(|best| loss < best - min_delta)
    }

    /// Whether to stop after `stale` epochs without improvement.
    pub(crate) fn has_stalled(rule: Option<Self>, stale: usize) -> bool {
        rule.is_some_and(|rule| stale >= rule.patience)
    }

    /// Returns the options that give this rule; a patience of 0 turns early stopping off.
    pub(crate) fn options(stop: Option<Self>) -> StoppingOptions {
        StoppingOptions {
            patience: Some(stop.map_or(0, |stop| stop.patience)),
            min_delta: stop.map(|stop| stop.min_delta),
        }
    }
}
