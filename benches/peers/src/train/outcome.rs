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
    /// After the last epochs: all of them, or the very last alone.
    pub(crate) test_losses: Vec<f64>,
}

/// A run and the most memory that its process had, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) outcome: Outcome,
    pub(crate) peak: u64,
}

impl Outcome {
    /// Out of what `narrows train --json` prints.
    pub(crate) fn of_report(report: &str, version: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report)?;
        let seconds = report["seconds"]["per_epoch"].as_array().context("the report has no seconds by epoch")?;
        Ok(Outcome {
            version: version.to_owned(),
            seconds: seconds.iter().filter_map(Value::as_f64).collect(),
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

    /// The loss at the end.
    pub(crate) fn loss(&self) -> f64 {
        self.test_losses.last().copied().unwrap_or(f64::NAN)
    }

    /// The loss after so many epochs, where it was taken.
    pub(crate) fn loss_after(&self, epochs: usize) -> Option<f64> {
        let without = self.seconds.len().checked_sub(self.test_losses.len())?;
        self.test_losses.get(epochs.checked_sub(without + 1)?).copied()
    }
}
