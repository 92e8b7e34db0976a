//! Results of the run of a peer.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Results of one run, as printed by a peer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) version: String,
    /// Seconds of the training steps of each epoch.
    pub(crate) seconds: Vec<f64>,
    /// Training loss of each epoch, averaged over its steps.
    pub(crate) training_losses: Vec<f64>,
    /// Test loss after each epoch, or only after the last one.
    pub(crate) test_losses: Vec<f64>,
}

/// A run and the peak memory of its process in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) peak: u64,
}

/// The data on which a loss is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LossOf {
    /// The test part, after the last step.
    Test,
    /// The training part, averaged over the steps of the last epoch.
    Training,
}

impl Outcome {
    /// Parses the report of `narrows train --json` and the lines of its metrics.
    pub(crate) fn of_report(report: &str, metrics: &str, version: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report)?;
        let seconds = report["seconds"]["per_epoch"].as_array().context("the report has no seconds by epoch")?;
        let training_loss = |line: &str| -> Result<f64> {
            serde_json::from_str::<Value>(line)?["train"]["loss"].as_f64().context("the metrics have no training loss")
        };
        Ok(Outcome {
            version: version.to_owned(),
            seconds: seconds.iter().filter_map(Value::as_f64).collect(),
            training_losses: metrics.lines().map(training_loss).collect::<Result<_>>()?,
            test_losses: vec![report["test"]["loss"].as_f64().context("the report has no test loss")?],
        })
    }

    /// Returns the seconds of all epochs after the first, which includes one-time work. If there is only one epoch, it
    /// is returned.
    pub(crate) fn after_first_epoch(&self) -> &[f64] {
        match self.seconds.as_slice() {
            [_, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        }
    }

    /// Returns the loss of this run and that of another run after the same number of epochs.
    pub(crate) fn losses_after_equal_epochs(&self, other: &Self, of: LossOf) -> Option<(f64, f64)> {
        let (own, others) = match of {
            LossOf::Test => (&self.test_losses, &other.test_losses),
            LossOf::Training => (&self.training_losses, &other.training_losses),
        };
        // The lists may lack the first epochs, never the last ones.
        let missing = other.seconds.len().checked_sub(others.len())?;
        Some((*own.last()?, *others.get(self.seconds.len().checked_sub(missing + 1)?)?))
    }
}
