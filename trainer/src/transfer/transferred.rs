//! The result of a transfer: a fitted head, and the encoder if it was fine-tuned.

use std::collections::BTreeMap;

use narrows_bundle::{ProgressRecord, Scaling};

use super::{Config, Epoch, Metrics, linear::FittedHead, parts::Parts, train_head::TrainedHead};
use crate::network::{Graph, Weights};

/// A fitted head, and the encoder if it was fine-tuned.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// The configuration.
    pub config: Config,
    /// Number of rows that were trained on.
    pub fitted_rows: usize,
    /// Number of labelled training rows that were held out, for early stopping or to choose the weight decay.
    pub held_out_rows: usize,
    /// The weight decay of the head.
    pub decay: f64,
    /// Candidate weight decays, each with the mean loss per held-out row.
    pub trials: Vec<(f64, f64)>,
    /// Metrics by part: `train`, `valid`, `test`.
    pub figures: BTreeMap<&'static str, Metrics>,
    /// Metrics by part of the best constant guess: the frequencies of the classes among the fitted rows, or the mean of
    /// their targets.
    pub constant: BTreeMap<&'static str, Metrics>,
    /// Metrics of the head on the frozen encoder, before fine-tuning.
    pub frozen_figures: Option<BTreeMap<&'static str, Metrics>>,
    /// Metrics of the nearest-neighbour baseline on the test part.
    pub neighbours: Option<Metrics>,
    /// Records of the epochs of gradient descent.
    pub history: Vec<Epoch>,
    /// Progress of gradient descent; `None` for a linear head without fine-tuning.
    pub progress: Option<ProgressRecord>,
    pub(super) head: Graph,
    pub(super) weights: Weights,
    pub(super) standardisation: Scaling,
    pub(super) unit: Scaling,
    /// The fine-tuned encoder, from scaled features to the code.
    pub(super) encoder: Option<Graph>,
}

impl Transferred {
    /// Creates the result of a fitted head, without metrics.
    pub(super) fn of(parts: &Parts, config: &Config, head: FittedHead) -> Self {
        Transferred {
            config: config.clone(),
            fitted_rows: parts.fitted.len(),
            held_out_rows: parts.held_out.len(),
            decay: head.decay,
            trials: head.trials,
            figures: BTreeMap::new(),
            constant: parts.constant_figures(&head.unit),
            frozen_figures: None,
            neighbours: None,
            history: Vec::new(),
            progress: None,
            head: head.graph,
            weights: head.weights,
            standardisation: head.standardisation,
            unit: head.unit,
            encoder: None,
        }
    }

    /// Returns why the head is of no use: on rows that it was not fitted to, it is worse than a constant guess. These
    /// are the test rows, otherwise the held-out rows, otherwise the fitted rows.
    pub fn poor(&self) -> Option<String> {
        let part = ["test", "valid", "train"].into_iter().find(|part| self.figures.contains_key(part))?;
        let figure =
            |figures: &BTreeMap<_, Metrics>, name| figures.get(part).and_then(|metrics| metrics.get(name)).copied();
        let both = |name| figure(&self.figures, name).zip(figure(&self.constant, name));
        let reason = match (both("r2"), both("accuracy"), both("log_loss")) {
            (Some((r2, guess)), _, _) if r2.is_nan() || r2 < guess => {
                match both("rmse").filter(|_| self.config.targets.len() == 1) {
                    Some((error, guess)) => {
                        format!(
                            "its root mean squared error is {error:.4}, and that of the mean of the targets {guess:.4}"
                        )
                    }
                    None => format!(
                        "its R squared is {r2:.4} on average over the targets, and that of their means {guess:.4}"
                    ),
                }
            }
            (_, Some((accuracy, guessed)), Some((loss, guess)))
                if accuracy < guessed && (loss.is_nan() || loss > guess) =>
            {
                format!(
                    "its accuracy is {:.2} %, and that of the most frequent class {:.2} %",
                    100.0 * accuracy,
                    100.0 * guessed
                )
            }
            _ => return None,
        };
        let rows = match part {
            "test" => "test rows",
            "valid" => "validation rows",
            _ => "training rows",
        };
        Some(format!("the head is worse than a constant guess on the {rows}: {reason}"))
    }

    /// Returns warnings about the quality of the result.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let is_best_epoch_last = self.progress.as_ref().is_some_and(|progress| {
            progress.best_epoch == Some(progress.epochs) && progress.epochs == self.config.descent.epochs
        });
        if is_best_epoch_last {
            remarks
                .push("the last epoch has the lowest validation loss; more --epochs may improve the result".to_owned());
        }
        let train = self.figures.get("train");
        let figure = |name| train.and_then(|metrics| metrics.get(name)).copied();
        let classes = self.head.outputs().first().map_or(1, |(_, value)| self.head.shape(*value).iter().product());
        let chance = (classes as f64).ln();
        if figure("log_loss").is_some_and(|loss| loss > chance) || figure("r2").is_some_and(|r2| r2 < 0.0) {
            remarks.push(
                "the head is worse than chance on its own training rows; lower the learning rate or the weight decay"
                    .to_owned(),
            );
        }
        remarks
    }
}

/// Returns the epoch records and the progress of a training.
pub(super) fn history_and_progress(training: TrainedHead) -> (Vec<Epoch>, Option<ProgressRecord>) {
    let TrainedHead { history, steps, best_epoch, .. } = training;
    let progress = ProgressRecord { epochs: history.len(), steps, best_epoch, finished: true };
    (history, Some(progress))
}
