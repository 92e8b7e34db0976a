//! Gradient descent over labelled rows: heads with hidden layers, and encoders that learn.

use std::time::Instant;

use candle_core::Tensor;

use super::{
    config::Descent,
    objective::Objective,
    outputs::{BLOCK, Inputs},
    stop::{Stop, check_stop},
};
use crate::{
    Corruption, TrainError,
    candle::{Gradients, Kernels, Parameters, run},
    descent::{EarlyStop, Learner},
    kinds::first,
    network::{Graph, Weights},
    order::order_of,
    random::{Stream, stream},
    schedule::LearningRateCurve,
};

/// One epoch.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Epoch {
    /// From 1.
    pub epoch: usize,
    /// How many there can be.
    pub epochs: usize,
    /// Mean loss of a row in training, without the penalty: nats, or half the squared error in deviations.
    pub loss: f64,
    /// The same of the rows held out.
    pub valid_loss: Option<f64>,
    /// Time of its steps.
    pub seconds: f64,
}

/// Rows with their answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Labelled<'a> {
    pub(crate) inputs: Inputs<'a>,
    pub(crate) objective: &'a Objective<'a>,
    pub(crate) rows: &'a [usize],
}

/// A network on its way down.
pub(crate) struct HeadTrainingLoop<'a> {
    pub(crate) graph: &'a Graph,
    pub(crate) descent: &'a Descent,
    pub(crate) known: Labelled<'a>,
    pub(crate) valid: Option<Labelled<'a>>,
    /// What rows suffer.
    pub(crate) corruption: Option<Corruption>,
    pub(crate) seed: u64,
    pub(crate) stop: Stop<'a>,
}

/// How it went.
pub(crate) struct TrainedHead {
    /// The weights of the best epoch by the rows held out, or the last.
    pub(crate) weights: Weights,
    pub(crate) history: Vec<Epoch>,
    /// Steps in all.
    pub(crate) steps: u64,
    /// The epoch whose weights these are, where the best were gone back to.
    pub(crate) best_epoch: Option<usize>,
    /// Its loss on the rows held out, or the last in training.
    pub(crate) loss: f64,
}

impl HeadTrainingLoop<'_> {
    /// Goes down from where the parameters are. Steps of parameters of the encoder are `pace` times those of the head.
    ///
    /// # Errors
    /// [`TrainError::HeadDiverged`] when a loss is no number, [`TrainError::Interrupted`], those of Candle, and of reading from disk.
    pub(crate) fn run(
        &self,
        parameters: &Parameters,
        rate_factor: f64,
        tell: &mut dyn FnMut(&Epoch),
    ) -> Result<TrainedHead, TrainError> {
        let descent = self.descent;
        let learner = Learner::new(parameters, descent.rule, descent.steps)?;
        let mut learner = learner.with_rate_factor(rate_factor, |name| name.starts_with("encoder."));
        let steps_per_epoch = descent.steps.per_epoch(self.known.rows.len());
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
            for rows in order_of(self.known.rows, self.seed, epoch).chunks(descent.steps.batch_size) {
                check_stop(self.stop)?;
                step += 1;
                let x = self.known.inputs.batch(rows, spare.take())?;
                let (value, gradients) = self.loss(parameters, &x, rows, step)?;
                if !value.is_finite() {
                    return Err(TrainError::HeadDiverged { value, step, epoch });
                }
                sum += value * rows.len() as f64;
                learner.step(parameters, &gradients, rates.rate(step), |norms| match norms.spoilt() {
                    Some((_, value)) => Err(TrainError::HeadDiverged { value, step, epoch }),
                    None => Ok(()),
                })?;
                spare = Some(x);
            }
            let seconds = start.elapsed().as_secs_f64();
            let current = learner.current(parameters)?;
            let valid_loss = self.valid.map(|valid| self.mean_loss(&current, valid)).transpose()?;
            let loss = sum / self.known.rows.len().max(1) as f64;
            let record = Epoch { epoch, epochs: descent.epochs, loss, valid_loss, seconds };
            tell(&record);
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
        let is_finite = |weights: &Weights| weights.values().flatten().all(|value| value.is_finite());
        if !is_finite(&weights) {
            return Err(TrainError::NotFinite { what: "a weight".to_owned(), value: f64::NAN });
        }
        Ok(TrainedHead { weights, history, steps: step, best_epoch, loss })
    }

    /// The mean loss of the rows `x`, and the gradients of it and of the penalty.
    fn loss(
        &self,
        parameters: &Parameters,
        x: &Tensor,
        rows: &[usize],
        step: u64,
    ) -> candle_core::Result<(f64, Gradients)> {
        let seen = match self.corruption {
            Some(corruption) => corruption.apply(x, &mut stream(self.seed, Stream::Corruption, step))?,
            None => x.clone(),
        };
        let told = first(run(Kernels::Fused, self.graph, parameters, &[seen])?)?;
        let mut loss = (self.known.objective.sum(&told, rows)? / rows.len() as f64)?;
        let value = f64::from(loss.to_scalar::<f32>()?);
        if let Some(penalty) = self.known.objective.penalty(parameters)? {
            loss = (loss + penalty)?;
        }
        Ok((value, parameters.gradients(&loss)?))
    }

    fn mean_loss(&self, parameters: &Parameters, valid: Labelled<'_>) -> Result<f64, TrainError> {
        let mut sum = 0.0;
        for rows in valid.rows.chunks(BLOCK) {
            let told = first(run(Kernels::Fused, self.graph, parameters, &[valid.inputs.batch(rows, None)?])?)?;
            sum += f64::from(valid.objective.sum(&told, rows)?.to_scalar::<f32>()?);
        }
        Ok(sum / valid.rows.len().max(1) as f64)
    }
}
