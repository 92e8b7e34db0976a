//! The state of the training loop of a head: everything that the next step depends on. A checkpoint stores it.

use super::{
    config::Descent,
    epoch::Epoch,
    head_checkpoint::{HeadCheckpoint, Position},
};
use crate::{
    TrainError,
    candle::Parameters,
    descent::{Best, Learner},
};

/// State of the training loop between two steps.
pub(super) struct State {
    /// The parameters that are trained.
    pub(super) parameters: Parameters,
    pub(super) learner: Learner,
    pub(super) position: Position,
    /// Records of the completed epochs.
    pub(super) history: Vec<Epoch>,
    /// The epoch with the lowest validation loss, with early stopping.
    pub(super) best: Option<Best>,
}

impl State {
    /// Creates the state at the start.
    pub(super) fn fresh(parameters: &Parameters, descent: &Descent) -> candle_core::Result<Self> {
        let learner = Learner::new(parameters, descent.rule, descent.steps)?;
        let (position, history) = (Position::default(), Vec::new());
        Ok(State { parameters: parameters.clone(), learner, position, history, best: None })
    }

    /// Restores a saved state; `parameters` are those at the start.
    pub(super) fn restored(
        checkpoint: HeadCheckpoint<'_>,
        parameters: &Parameters,
        descent: &Descent,
    ) -> candle_core::Result<Self> {
        let record = checkpoint.record;
        let parameters = parameters.with_values(&checkpoint.weights)?;
        let counts = record.learner.counts();
        let learner = Learner::restore(&parameters, descent.rule, descent.steps, counts, &checkpoint.memory)?;
        let weights = checkpoint.best.into_owned();
        let best = record.best.map(|best| Best { epoch: best.epoch, loss: best.loss, weights });
        Ok(State { parameters, learner, position: record.position, history: record.history, best })
    }

    /// Multiplies the learning rate of the encoder by `rate_factor`.
    pub(super) fn with_encoder_rate(self, rate_factor: f64) -> Self {
        let learner = self.learner.with_rate_factor(rate_factor, |name| name.starts_with("encoder."));
        State { learner, ..self }
    }

    /// Returns an error if a weight is infinite or NaN.
    ///
    /// # Errors
    /// [`TrainError::NotFinite`] with the name of the weight.
    pub(super) fn check_weights(&self) -> Result<(), TrainError> {
        let weights = self.parameters.to_weights()?;
        let wrong =
            weights.iter().find_map(|(name, values)| Some((name, *values.iter().find(|value| !value.is_finite())?)));
        match wrong {
            Some((name, value)) => Err(TrainError::NotFinite { what: format!("weight `{name}`"), value: value.into() }),
            None => Ok(()),
        }
    }
}
