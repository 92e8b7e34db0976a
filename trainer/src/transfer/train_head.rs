//! The training loop on labelled rows, for heads with hidden layers and for fine-tuning.

use std::time::Instant;

use candle_core::Tensor;

use super::{
    config::Descent,
    objective::Objective,
    outputs::{Inputs, block_rows},
    stop::{Stop, check_stop},
};
use crate::{
    Corruption, TrainError,
    augmentation::Augmenter,
    candle::{Gradients, Kernels, Parameters, run},
    descent::{EarlyStop, Learner},
    kinds::first,
    memory::{TrainedGraph, Training, available},
    network::{Graph, Weights},
    order::order_of,
    random::{Stream, stream},
    schedule::LearningRateCurve,
};

/// Record of an epoch.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Epoch {
    /// Number of the epoch, counted from 1.
    pub epoch: usize,
    /// Maximum number of epochs.
    pub epochs: usize,
    /// Mean training loss per row, without the penalty: cross-entropy in nats, or half the squared error in squared
    /// standard deviations of the targets.
    pub loss: f64,
    /// Mean loss per validation row.
    pub valid_loss: Option<f64>,
    /// Time of the training steps in seconds.
    pub seconds: f64,
}

/// Input rows with the objective that holds their targets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled<'a> {
    pub(crate) inputs: Inputs<'a>,
    pub(crate) objective: &'a Objective<'a>,
    pub(crate) rows: &'a [usize],
}

/// The inputs of the training loop of a head, or of an encoder with a head.
pub(crate) struct HeadTrainingLoop<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) descent: &'a Descent,
    pub(crate) train: Labelled<'a>,
    pub(crate) valid: Option<Labelled<'a>>,
    /// Augmentation of the training inputs, which are images.
    pub(crate) augmentation: Option<&'a Augmenter>,
    /// Corruption of the training inputs.
    pub(crate) corruption: Option<Corruption>,
    pub(crate) seed: u64,
    pub(crate) stop: Stop<'a>,
}

/// The result of the training loop.
pub(crate) struct TrainedHead {
    /// Weights of the best epoch with early stopping, otherwise of the last epoch.
    pub(crate) weights: Weights,
    pub(crate) history: Vec<Epoch>,
    /// Total number of steps.
    pub(crate) steps: u64,
    /// The best epoch; `None` without early stopping.
    pub(crate) best_epoch: Option<usize>,
    /// Validation loss of these weights, or the training loss if there are no validation rows.
    pub(crate) loss: f64,
}

impl HeadTrainingLoop<'_> {
    /// Trains the parameters from their current values. The learning rate of the encoder is `rate_factor` times that of
    /// the head.
    ///
    /// # Errors
    /// [`TrainError::Memory`] if the estimated memory is not available,
    /// [`TrainError::HeadDiverged`] or [`TrainError::NotFinite`] if a loss, a gradient or a weight is infinite or NaN,
    /// [`TrainError::Interrupted`] once `stop` returns true, and errors of Candle and of reading from disk.
    pub(crate) fn run(
        &self,
        parameters: &Parameters,
        rate_factor: f64,
        report: &mut dyn FnMut(&Epoch),
    ) -> Result<TrainedHead, TrainError> {
        let descent = self.descent;
        let training = Training {
            graphs: &[TrainedGraph { graph: self.graph, evaluations: 1 }],
            features: self.train.inputs.values.features(),
            pseudo_inputs: 0,
            rows: self.train.rows.len(),
            steps: descent.steps,
            rule: descent.rule,
            kernels: Kernels::Fused,
        };
        training.check(available())?;
        let learner = Learner::new(parameters, descent.rule, descent.steps)?;
        let mut learner = learner.with_rate_factor(rate_factor, |name| name.starts_with("encoder."));
        let steps_per_epoch = descent.steps.per_epoch(self.train.rows.len());
        let rates = LearningRateCurve {
            schedule: descent.learning_rate.schedule,
            peak: descent.learning_rate.peak,
            warmup_steps: descent.learning_rate.warmup_steps,
            steps_per_epoch,
            total_steps: steps_per_epoch * descent.epochs as u64,
        };
        let (mut history, mut step) = (Vec::new(), 0);
        let mut best: Option<(usize, f64, Weights)> = None;
        for epoch in 1..=descent.epochs {
            let start = Instant::now();
            let (mut sum, mut spare) = (0.0, None);
            for rows in order_of(self.train.rows, self.seed, epoch).chunks(descent.steps.batch_size) {
                check_stop(self.stop)?;
                step += 1;
                let augmentation = self.augmentation.map(|augmenter| augmenter.at_step(self.seed, step));
                let x = self.train.inputs.augmented(rows, augmentation.as_ref(), spare.take())?;
                let (value, gradients) = self.loss(parameters, &x, rows, step)?;
                if !value.is_finite() {
                    return Err(TrainError::HeadDiverged { value, step, epoch });
                }
                sum += value * rows.len() as f64;
                learner.step(parameters, &gradients, rates.rate(step), |norms| match norms.first_non_finite() {
                    Some((_, value)) => Err(TrainError::HeadDiverged { value, step, epoch }),
                    None => Ok(()),
                })?;
                spare = Some(x);
            }
            let seconds = start.elapsed().as_secs_f64();
            let current = learner.current(parameters)?;
            let valid_loss = self.valid.map(|valid| self.mean_loss(&current, valid)).transpose()?;
            let loss = sum / self.train.rows.len().max(1) as f64;
            let record = Epoch { epoch, epochs: descent.epochs, loss, valid_loss, seconds };
            report(&record);
            history.push(record);
            let Some(loss) = valid_loss.filter(|_| descent.early_stop.is_some()) else { continue };
            if EarlyStop::is_better(descent.early_stop, loss, best.as_ref().map(|(_, lowest, _)| *lowest)) {
                best = Some((epoch, loss, current.to_weights()?));
            }
            let stale = best.as_ref().map_or(0, |(at, _, _)| epoch - at);
            if EarlyStop::has_stalled(descent.early_stop, stale) {
                break;
            }
        }
        let last = history.last().map_or(f64::NAN, |epoch| epoch.valid_loss.unwrap_or(epoch.loss));
        let (best_epoch, loss, weights) = match best {
            Some((epoch, loss, weights)) => (Some(epoch), loss, weights),
            None => (None, last, learner.current(parameters)?.to_weights()?),
        };
        let wrong =
            weights.iter().find_map(|(name, values)| Some((name, *values.iter().find(|value| !value.is_finite())?)));
        if let Some((name, value)) = wrong {
            return Err(TrainError::NotFinite { what: format!("weight `{name}`"), value: value.into() });
        }
        Ok(TrainedHead { weights, history, steps: step, best_epoch, loss })
    }

    /// Returns the mean loss of the rows `x` without the penalty, and the gradients of the loss with the penalty.
    fn loss(
        &self,
        parameters: &Parameters,
        x: &Tensor,
        rows: &[usize],
        step: u64,
    ) -> candle_core::Result<(f64, Gradients)> {
        let input = match self.corruption {
            Some(corruption) => corruption.apply(x, &mut stream(self.seed, Stream::Corruption, step))?,
            None => x.clone(),
        };
        let outputs = first(run(Kernels::Fused, self.graph, parameters, &[input])?)?;
        let mut loss = (self.train.objective.sum(&outputs, rows)? / rows.len() as f64)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        if let Some(penalty) = self.train.objective.penalty(parameters)? {
            loss = (loss + penalty)?;
        }
        Ok((value, parameters.gradients(&loss)?))
    }

    fn mean_loss(&self, parameters: &Parameters, valid: Labelled<'_>) -> Result<f64, TrainError> {
        let mut sum = 0.0;
        for rows in valid.rows.chunks(block_rows(self.graph)) {
            let outputs = first(run(Kernels::Fused, self.graph, parameters, &[valid.inputs.batch(rows, None)?])?)?;
            sum += f64::from(valid.objective.sum(&outputs, rows)?.to_scalar::<f32>()?);
        }
        Ok(sum / valid.rows.len().max(1) as f64)
    }
}
