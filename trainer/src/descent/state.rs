//! The training state: everything that the next step depends on. A checkpoint stores it.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Learning, Plan};
use crate::{
    Averages, Config, Descent, TrainError,
    candle::{Parameters, tie_decoder},
    core_graphs::CoreGraphs,
    kinds::PSEUDO_INPUTS,
    network::Weights,
};

/// State of a run between two steps.
pub(crate) struct State {
    /// All parameters of the network.
    pub(crate) parameters: Parameters,
    /// The parameters that the current stage trains. They share their variables with `parameters`.
    pub(crate) trained: Parameters,
    pub(crate) learner: Learning,
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

/// Progress of a run. Random streams have no state of their own: they are functions of the seed and these counters.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Number of completed steps.
    pub(crate) step: u64,
    /// Number of completed epochs.
    pub(crate) epoch: usize,
    /// Number of completed batches and rows of the current epoch.
    pub(crate) batches: usize,
    pub(crate) rows: usize,
    /// Number of consecutive epochs without a better loss. Epochs in which the KL weight is annealed do not count.
    pub(crate) stale: usize,
    /// Sums over the steps of the current epoch.
    pub(crate) sums: Sums,
    /// Mean training loss of each pretrained layer in its last epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) layer_losses: Vec<f64>,
    /// Why the run ended; `None` while it is not finished.
    pub(crate) end: Option<End>,
}

/// Sums over the steps of an epoch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Losses, weighted by the number of rows.
    pub(crate) figures: Averages,
    /// Gradient norms.
    pub(crate) gradient_norm: f64,
    /// Rows and time of the steps of this process. A checkpoint does not store them.
    #[serde(skip)]
    pub(crate) throughput: Throughput,
}

/// Number of trained rows and the time that they took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Throughput {
    pub(crate) seconds: f64,
    pub(crate) rows: usize,
}

/// Reason why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    /// All epochs are completed.
    Complete,
    /// Early stopping: the validation loss did not improve for `patience` epochs.
    Early,
}

impl Position {
    /// Number of epochs that have begun, including the completed ones.
    pub(crate) fn epochs_begun(&self) -> usize {
        self.epoch + usize::from(self.batches > 0)
    }

    /// Counts a step. [`Sums::add`] adds its loss as soon as it is known.
    pub(super) fn advance(&mut self, step: u64, rows: usize) {
        self.step = step;
        self.batches += 1;
        self.rows += rows;
    }
}

impl Sums {
    /// Adds the loss and the gradient norm of a step.
    pub(super) fn add(&mut self, rows: usize, total: f64, parts: &[(&'static str, f64)], gradient_norm: f64) {
        self.figures.add(total, parts, rows);
        self.gradient_norm += gradient_norm;
    }
}

impl Throughput {
    /// Adds the rows and the time of some steps.
    pub(super) fn add(&mut self, rows: usize, seconds: f64) {
        self.seconds += seconds;
        self.rows += rows;
    }
}

impl State {
    /// Creates the state at the start of a run.
    pub(crate) fn fresh(plan: &Plan<'_>) -> Result<Self, TrainError> {
        let parameters = initial_parameters(plan.config, plan.descent, plan.core, plan.pseudo_inputs.as_ref())?;
        let parameters = parameters.placed(&plan.placement)?;
        State::at_stage_start(plan, parameters, Position::default())
    }

    /// Creates the state at the start of the stage that contains `position`. Each stage has its own optimizer state.
    fn at_stage_start(plan: &Plan<'_>, parameters: Parameters, position: Position) -> Result<Self, TrainError> {
        let trained = plan.stage(position.epoch).trained(&parameters);
        let learner = Learning::new(&trained, plan.descent.optimizer, plan.descent.steps)?;
        Ok(State { parameters, trained, learner, best: None, position })
    }

    /// Starts the next stage from the current model: the moving average of the weights, if one is kept.
    pub(super) fn start_next_stage(&mut self, plan: &Plan<'_>) -> Result<(), TrainError> {
        if let Some(average) = self.learner.average()? {
            self.trained.assign(&average)?;
        }
        *self = State::at_stage_start(plan, self.parameters.clone(), self.position.clone())?;
        Ok(())
    }

    /// Returns the parameters that would be the model if the run ended now: the moving average of the trained
    /// parameters if one is kept, otherwise the parameters themselves.
    pub(crate) fn current(&self) -> Result<Parameters, TrainError> {
        Ok(self.learner.current(&self.parameters)?)
    }

    /// Returns the parameters of the final model and, with early stopping, the epoch that they come from: the best one.
    pub(crate) fn result(&self, descent: &Descent) -> Result<(Parameters, Option<usize>), TrainError> {
        match &self.best {
            Some(best) if descent.early_stop.is_some() => {
                Ok((self.parameters.with_values(&best.weights)?, Some(best.epoch)))
            }
            Some(_) | None => Ok((self.current()?, None)),
        }
    }
}

/// Creates the randomly initialised parameters of a configuration, on the host. `pseudo_inputs` are the first values of
/// those of a VampPrior.
pub(crate) fn initial_parameters(
    config: &Config,
    descent: &Descent,
    core: &CoreGraphs,
    pseudo_inputs: Option<&Tensor>,
) -> Result<Parameters, TrainError> {
    let mut parameters = Parameters::initial(&[&core.encoder, &core.decoder], config.seed, &Device::Cpu)?;
    if descent.objective.code_layer().tied {
        tie_decoder(&mut parameters, &core.encoder, &core.decoder)?;
    }
    if config.has_variance() {
        config.output_distribution.variance.add_parameter(&mut parameters, &Device::Cpu)?;
    }
    if let Some(table) = &core.table {
        table.likelihoods.add_parameters(&mut parameters, &Device::Cpu)?;
        for (name, values) in table.constants() {
            parameters.insert(&name, &Tensor::new(values, &Device::Cpu)?)?;
        }
    }
    if let Some(values) = pseudo_inputs {
        parameters.insert(PSEUDO_INPUTS, values)?;
    }
    Ok(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_without_pretraining_omits_the_layer_losses_and_reads_back_equal() {
        let position = Position { step: 46, epoch: 2, ..Position::default() };
        let text = serde_json::to_string(&position).expect("plain data");
        assert!(!text.contains("layer"), "{text}");
        assert_eq!(serde_json::from_str::<Position>(&text).expect("serialized above"), position);
    }
}
