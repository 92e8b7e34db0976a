//! What a run of a peer found.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One run, as a peer prints it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) version: String,
    /// Of the steps of every epoch.
    pub(crate) seconds: Vec<f64>,
    /// Averages over the steps of every epoch.
    pub(crate) training_losses: Vec<f64>,
    /// After the last epochs: all of them, or the very last alone.
    pub(crate) test_losses: Vec<f64>,
}

/// A run and the most memory that its process had, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) peak: u64,
}

/// Which rows a loss is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LossOf {
    /// Those of the test part, after the last step.
    Test,
    /// Those of the training part as the steps of the last epoch met them.
    Training,
}

impl Outcome {
    /// Out of what `narrows train --json` prints, and the lines of its metrics.
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

    /// The epochs after the first, in which much happens for the first time; of a single epoch that one.
    pub(crate) fn settled(&self) -> &[f64] {
        match self.seconds.as_slice() {
            [_, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        }
    }

    /// The losses that this run and another one have after as many epochs as this one had.
    pub(crate) fn losses_beside(&self, other: &Self, of: LossOf) -> Option<(f64, f64)> {
        let (own, others) = match of {
            LossOf::Test => (&self.test_losses, &other.test_losses),
            LossOf::Training => (&self.training_losses, &other.training_losses),
        };
        // Of both the last ones are there.
        let before = other.seconds.len().checked_sub(others.len())?;
        Some((*own.last()?, *others.get(self.seconds.len().checked_sub(before + 1)?)?))
    }
}
