//! Everything that the next step depends on: what a checkpoint holds.

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::{Learner, Plan};
use crate::{
    Averages, Descent, TrainError,
    candle::{Parameters, tie_decoder},
    network::Weights,
};

/// The state of a run between two steps.
pub(crate) struct State {
    /// All of the network.
    pub(crate) parameters: Parameters,
    /// Those of them that the current stage trains; the very same variables.
    pub(crate) trained: Parameters,
    pub(crate) learner: Learner,
    pub(crate) best: Option<Best>,
    pub(crate) position: Position,
}

/// The best epoch so far.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Best {
    pub(crate) epoch: usize,
    pub(crate) loss: f64,
    pub(crate) weights: Weights,
}

/// Where a run stands. Streams of randomness have no state of their own: they are functions of the seed and
/// these counters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Steps that are done.
    pub(crate) step: u64,
    /// Epochs that are complete.
    pub(crate) epoch: usize,
    /// Batches and rows of the current epoch that are done.
    pub(crate) batches: usize,
    pub(crate) rows: usize,
    /// Epochs without a better loss, those left out in which the loss was still being annealed.
    pub(crate) stale: usize,
    /// Sums over the current epoch.
    pub(crate) sums: Sums,
    /// Losses of the layers whose pretraining is over, each over its last epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) layer_losses: Vec<f64>,
    /// Why the run is over, if it is.
    pub(crate) end: Option<End>,
}

/// Sums over the steps of an epoch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Losses, times rows.
    pub(crate) figures: Averages,
    /// Norms of the gradients.
    pub(crate) gradient_norm: f64,
    /// Steps in this process alone; a state that is saved holds no time.
    #[serde(skip)]
    pub(crate) timed: Timed,
}

/// What was done in some time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Timed {
    pub(crate) seconds: f64,
    pub(crate) rows: usize,
}

/// Why a run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All epochs are done.
    Complete,
    /// The loss on the rows held out got no better for as long as was allowed.
    Early,
}

impl Position {
    /// Epochs that have begun, the complete ones among them.
    pub(crate) fn begun(&self) -> usize {
        self.epoch + usize::from(self.batches > 0)
    }

    /// Adds a step.
    pub(super) fn count(
        &mut self,
        step: u64,
        rows: usize,
        total: f64,
        parts: &[(&'static str, f64)],
        gradient_norm: f64,
        seconds: f64,
    ) {
        self.step = step;
        self.batches += 1;
        self.rows += rows;
        self.sums.figures.add(total, parts, rows);
        self.sums.gradient_norm += gradient_norm;
        self.sums.timed.seconds += seconds;
        self.sums.timed.rows += rows;
    }
}

impl State {
    /// The start of a run.
    pub(crate) fn fresh(plan: &Plan<'_>) -> Result<Self, TrainError> {
        State::begin(plan, parameters(plan)?, Position::default())
    }

    /// The start of the stage that a run stands in: what steps remember is of that stage alone.
    fn begin(plan: &Plan<'_>, parameters: Parameters, position: Position) -> Result<Self, TrainError> {
        let trained = plan.stage(position.epoch).parameters(&parameters);
        let learner = Learner::new(&trained, plan.descent.optimizer, plan.descent.steps)?;
        Ok(State { parameters, trained, learner, best: None, position })
    }

    /// Goes on to the next stage, with what would be the model now.
    pub(super) fn move_on(&mut self, plan: &Plan<'_>) -> Result<(), TrainError> {
        if let Some(average) = &self.learner.average {
            self.trained.assign(&average.weights())?;
        }
        *self = State::begin(plan, self.parameters.clone(), self.position.clone())?;
        Ok(())
    }

    /// The parameters that would be the model if the run ended here: in the place of those that are trained their
    /// moving average, where one is kept.
    pub(crate) fn current(&self) -> Result<Parameters, TrainError> {
        Ok(self.learner.current(&self.parameters)?)
    }

    /// The parameters that are the result: after an early stop, those of the best epoch.
    pub(crate) fn result(&self, descent: &Descent) -> Result<(Parameters, Option<usize>), TrainError> {
        match &self.best {
            Some(best) if descent.early_stop.is_some() => {
                Ok((self.parameters.with_values(&best.weights)?, Some(best.epoch)))
            }
            Some(_) | None => Ok((self.current()?, None)),
        }
    }
}

/// Fresh parameters of a configuration.
fn parameters(plan: &Plan<'_>) -> Result<Parameters, TrainError> {
    let Plan { config, descent, core, .. } = plan;
    let mut parameters = Parameters::initial(&[&core.encoder, &core.decoder], config.seed, &Device::Cpu)?;
    if descent.objective.code_layer().tied {
        tie_decoder(&mut parameters, &core.encoder, &core.decoder)?;
    }
    if config.has_variance() {
        config.output_distribution.variance.add_parameter(&mut parameters, &Device::Cpu)?;
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_of_a_run_without_pretraining_is_written_and_read_as_before_there_was_any() {
        let position = Position { step: 46, epoch: 2, ..Position::default() };
        let text = serde_json::to_string(&position).expect("plain data");
        assert!(!text.contains("layer"), "{text}");
        assert_eq!(serde_json::from_str::<Position>(&text).expect("just written"), position);
    }
}
