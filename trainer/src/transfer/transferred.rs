//! A fitted head, and the encoder where it was trained too.

use std::collections::BTreeMap;

use narrows_bundle::{ProgressRecord, Scaling};

use super::{Answers, Config, Epoch, linear::FittedHead, parts::Parts, train_head::TrainedHead};
use crate::network::{Graph, Weights};

/// A fitted head, and the encoder where it learned along.
#[derive(Debug, Clone)]
pub struct Transferred {
    /// What it was fitted by.
    pub config: Config,
    /// Rows that were learned from.
    pub fitted_rows: usize,
    /// Labelled rows of the training part that were held out to stop or to choose by.
    pub held_out_rows: usize,
    /// The weight decay of the head.
    pub decay: f64,
    /// The decays that were tried, each with the mean loss of a row that was held out.
    pub trials: Vec<(f64, f64)>,
    /// Figures by part: `train`, `valid`, `test`.
    pub figures: BTreeMap<&'static str, Answers>,
    /// What the head told before the encoder learned along.
    pub settled: Option<BTreeMap<&'static str, Answers>>,
    /// What the nearest codes would have told of the test part.
    pub neighbours: Option<Answers>,
    /// What happened in each epoch of gradient descent.
    pub history: Vec<Epoch>,
    /// How far gradient descent went.
    pub progress: Option<ProgressRecord>,
    pub(super) head: Graph,
    pub(super) weights: Weights,
    pub(super) standardisation: Scaling,
    pub(super) unit: Scaling,
    /// The encoder between scaled features and the code, where it learned along.
    pub(super) encoder: Option<Graph>,
}

impl Transferred {
    /// A head, before anything was asked of it.
    pub(super) fn of(parts: &Parts, config: &Config, head: FittedHead) -> Self {
        Transferred {
            config: config.clone(),
            fitted_rows: parts.fitted.len(),
            held_out_rows: parts.held_out.len(),
            decay: head.decay,
            trials: head.trials,
            figures: BTreeMap::new(),
            settled: None,
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

    /// What somebody should know of it before using it.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let has_stopped_short = self.progress.as_ref().is_some_and(|progress| {
            progress.best_epoch == Some(progress.epochs) && progress.epochs == self.config.descent.epochs
        });
        if has_stopped_short {
            remarks.push("the last epoch is the best on the rows held out: more --epochs may tell more".to_owned());
        }
        let train = self.figures.get("train");
        let figure = |name| train.and_then(|answers| answers.get(name)).copied();
        let classes = self.head.outputs().first().map_or(1, |(_, value)| self.head.shape(*value).iter().product());
        let guess = (classes as f64).ln();
        if figure("log_loss").is_some_and(|loss| loss > guess) || figure("r2").is_some_and(|r2| r2 < 0.0) {
            remarks.push(
                "the head tells less of the rows that it was fitted on than a guess would: lower the learning rate or the weight decay"
                    .to_owned(),
            );
        }
        remarks
    }
}

/// What is kept of a descent beside its weights.
pub(super) fn told(went: TrainedHead) -> (Vec<Epoch>, Option<ProgressRecord>) {
    let TrainedHead { history, steps, best_epoch, .. } = went;
    let progress = ProgressRecord { epochs: history.len(), steps, best_epoch, finished: true };
    (history, Some(progress))
}
