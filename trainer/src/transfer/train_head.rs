//! The training loop on labelled rows, for heads with hidden layers and for fine-tuning.

use std::time::Instant;

use candle_core::Tensor;

use super::{
    config::Descent,
    epoch::Epoch,
    head_state::State,
    objective::Objective,
    outputs::{Inputs, block_rows},
    run::Checkpoints,
    stop::Stop,
};
use crate::{
    Corruption, TrainError,
    augmentation::Augmenter,
    candle::{Gradients, Kernels, Parameters, run},
    descent::{Best, EarlyStop},
    kinds::first,
    memory::{TrainedGraph, Training, available},
    network::{Graph, Weights},
    order::order_of,
    random::{Stream, stream},
    schedule::LearningRateCurve,
};

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
    /// Trains the parameters from their current values, or from the newest of the `checkpoints`. The learning rate of
    /// the encoder is `rate_factor` times that of the head.
    ///
    /// # Errors
    /// [`TrainError::Memory`] if the estimated memory is not available,
    /// [`TrainError::HeadDiverged`] or [`TrainError::NotFinite`] if a loss, a gradient or a weight is infinite or NaN,
    /// [`TrainError::Interrupted`] once `stop` returns true, [`TrainError::Run`] if a checkpoint cannot be read or
    /// written, and errors of Candle and of reading from disk.
    pub(crate) fn run(
        &self,
        parameters: &Parameters,
        rate_factor: f64,
        mut checkpoints: Option<Checkpoints<'_>>,
        report: &mut dyn FnMut(&Epoch),
    ) -> Result<TrainedHead, TrainError> {
        let training = Training {
            graphs: vec![TrainedGraph { graph: self.graph, evaluations: 1 }],
            features: self.train.inputs.values.features(),
            pseudo_inputs: 0,
            rows: self.train.rows.len(),
            steps: self.descent.steps,
            rule: self.descent.rule,
            kernels: Kernels::Fused,
        };
        training.check(available())?;
        let newest = checkpoints.as_ref().map(Checkpoints::newest).transpose()?.flatten();
        let state = match newest {
            Some(checkpoint) => State::restored(checkpoint, parameters, self.descent)?,
            None => State::fresh(parameters, self.descent)?,
        };
        let mut state = state.with_encoder_rate(rate_factor);
        while !state.position.finished {
            self.train_epoch(&mut state, checkpoints.as_mut(), report)?;
            if let Some(checkpoints) = &mut checkpoints
                && (checkpoints.is_due_after_epoch() || state.position.finished)
            {
                checkpoints.save(&state)?;
            }
        }
        if let Some(checkpoints) = checkpoints {
            checkpoints.finish(&state.history);
        }
        state.check_weights()?;
        let last = state.history.last().map_or(f64::NAN, |epoch| epoch.valid_loss.unwrap_or(epoch.loss));
        let (best_epoch, loss, weights) = match state.best {
            Some(Best { epoch, loss, weights }) => (Some(epoch), loss, weights),
            None => (None, last, state.learner.current(&state.parameters)?.to_weights()?),
        };
        Ok(TrainedHead { weights, history: state.history, steps: state.position.step, best_epoch, loss })
    }

    /// Trains the remaining batches of the current epoch, and decides whether the training ends after it.
    fn train_epoch(
        &self,
        state: &mut State,
        mut checkpoints: Option<&mut Checkpoints<'_>>,
        report: &mut dyn FnMut(&Epoch),
    ) -> Result<(), TrainError> {
        let (descent, start) = (self.descent, Instant::now());
        let (epoch, batch_size) = (state.position.epoch + 1, descent.steps.batch_size);
        let rates = self.rates();
        let order = order_of(self.train.rows, self.seed, epoch);
        let rest = order.get(state.position.batches * batch_size..).unwrap_or_default();
        let mut spare = None;
        for rows in rest.chunks(batch_size) {
            if (self.stop)() {
                return Err(interrupted(state, checkpoints));
            }
            let step = state.position.step + 1;
            let augmentation = self.augmentation.map(|augmenter| augmenter.at_step(self.seed, step));
            let x = self.train.inputs.augmented(rows, augmentation.as_ref(), spare.take())?;
            let (value, gradients) = self.loss(&state.parameters, &x, rows, step)?;
            let diverged = |value| TrainError::HeadDiverged { value, step, epoch };
            if !value.is_finite() {
                return Err(diverged(value));
            }
            state.learner.step(&state.parameters, &gradients, rates.rate(step), |norms| {
                norms.first_non_finite().map_or(Ok(()), |(_, value)| Err(diverged(value)))
            })?;
            spare = Some(x);
            state.position.step = step;
            state.position.batches += 1;
            state.position.loss_sum += value * rows.len() as f64;
            if let Some(checkpoints) = checkpoints.as_deref_mut().filter(|all| all.is_due_after_step(step)) {
                checkpoints.save(state)?;
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let current = state.learner.current(&state.parameters)?;
        let valid_loss = self.valid.map(|valid| self.mean_loss(&current, valid)).transpose()?;
        let loss = state.position.loss_sum / self.train.rows.len().max(1) as f64;
        let record = Epoch { epoch, epochs: descent.epochs, loss, valid_loss, seconds };
        report(&record);
        state.history.push(record);
        (state.position.epoch, state.position.batches, state.position.loss_sum) = (epoch, 0, 0.0);
        state.position.finished = epoch >= descent.epochs;
        if let Some(loss) = valid_loss.filter(|_| descent.early_stop.is_some()) {
            if EarlyStop::is_better(descent.early_stop, loss, state.best.as_ref().map(|best| best.loss)) {
                state.best = Some(Best { epoch, loss, weights: current.to_weights()? });
            }
            let stale = state.best.as_ref().map_or(0, |best| epoch - best.epoch);
            state.position.finished |= EarlyStop::has_stalled(descent.early_stop, stale);
        }
        Ok(())
    }

    /// Returns the learning rates of all steps.
    fn rates(&self) -> LearningRateCurve {
        let steps_per_epoch = self.descent.steps.per_epoch(self.train.rows.len());
        LearningRateCurve {
            schedule: self.descent.learning_rate.schedule,
            peak: self.descent.learning_rate.peak,
            warmup_steps: self.descent.learning_rate.warmup_steps,
            steps_per_epoch,
            total_steps: steps_per_epoch * self.descent.epochs as u64,
        }
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

/// Saves the state of a training that is interrupted. Returns the error of the interruption, or of saving.
fn interrupted(state: &State, checkpoints: Option<&mut Checkpoints<'_>>) -> TrainError {
    let saved = match checkpoints {
        Some(checkpoints) if state.position.step > 0 => checkpoints.save(state),
        Some(_) | None => Ok(()),
    };
    let epoch = state.position.epoch + usize::from(state.position.batches > 0);
    saved.err().unwrap_or(TrainError::Interrupted { epoch, step: state.position.step })
}
