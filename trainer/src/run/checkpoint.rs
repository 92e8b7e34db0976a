//! Checkpoints of training: the state with the progress of the run.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use super::state_file::{BestRecord, LearnerSteps, StateFile};
use crate::{
    Config, Descent, Options, TrainError,
    descent::{Best, Learning, Plan, Position, State},
    network::Weights,
};

/// A checkpoint of training.
pub(crate) type Checkpoint<'a> = StateFile<'a, Record>;

/// The metadata of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The configuration; file names are without their folders.
    pub(crate) configuration: Options,
    /// SHA-256 of the training data.
    pub(crate) fingerprint: String,
    /// SHA-256 of the moments file, if the configuration has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) moments: Option<String>,
    pub(crate) position: Position,
    #[serde(flatten)]
    learner: LearnerSteps,
    best: Option<BestRecord>,
    /// Explained variance ratio of each principal component; PCA only.
    pub(crate) explained_variance_ratio: Option<Vec<f64>>,
}

impl<'a> Checkpoint<'a> {
    /// Creates the checkpoint of a run of gradient descent.
    pub(crate) fn of_state(config: &Config, fingerprint: &str, state: &'a State) -> Result<Self, TrainError> {
        let record = Record {
            position: state.position.clone(),
            learner: LearnerSteps::of(state.learner.counts()),
            best: state.best.as_ref().map(|best| BestRecord { epoch: best.epoch, loss: best.loss }),
            ..Record::new(config, fingerprint)
        };
        StateFile::of(record, &state.parameters, state.learner.memory()?, state.best.as_ref().map(|best| &best.weights))
    }

    /// Creates the checkpoint of a closed-form solution.
    pub(crate) fn solved(config: &Config, fingerprint: &str, weights: &Weights, ratios: &[f64]) -> Self {
        StateFile {
            record: Record { explained_variance_ratio: Some(ratios.to_vec()), ..Record::new(config, fingerprint) },
            weights: weights.clone(),
            best: Cow::default(),
            memory: BTreeMap::new(),
        }
    }

    /// Restores the saved training state.
    pub(crate) fn state(&self, plan: &Plan<'_>) -> Result<State, TrainError> {
        let mut state = State::fresh(plan)?;
        let position = &self.record.position;
        state.parameters = state.parameters.with_values(&self.weights)?;
        state.trained = plan.stage(position.epoch).trained(&state.parameters);
        let Descent { optimizer, steps, .. } = *plan.descent;
        let counts = self.record.learner.counts();
        state.learner = Learning::restore(&state.trained, optimizer, steps, counts, &self.memory)?;
        let best = self.record.best.as_ref();
        state.best = best.map(|BestRecord { epoch, loss }| Best {
            epoch: *epoch,
            loss: *loss,
            weights: self.best.clone().into_owned(),
        });
        state.position = position.clone();
        Ok(state)
    }
}

impl Record {
    fn new(config: &Config, fingerprint: &str) -> Self {
        Record {
            configuration: config.recorded(),
            fingerprint: fingerprint.to_owned(),
            moments: config.moments.as_ref().map(|loaded| loaded.sha256.clone()),
            position: Position::default(),
            learner: LearnerSteps::default(),
            best: None,
            explained_variance_ratio: None,
        }
    }
}
