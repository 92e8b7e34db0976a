//! The training loop: steps, epochs, early stopping and checkpoints.
//!
//! The [`State`] contains everything that a step depends on, and all randomness is a function of the seed and of a
//! counter in the state. A run that resumes from a saved state therefore gives bit-identical results to a run without
//! the interruption.

mod computation;
mod device_learner;
mod divergence;
mod learner;
mod learning;
#[cfg(test)]
mod missing_kernels;
mod plan;
mod settings;
mod state;
mod unread;

use std::{cell::Cell, ops::ControlFlow, time::Instant};

use candle_core::Tensor;
pub(crate) use computation::Computation;
pub use computation::{DeviceOptions, DeviceReport, KernelOptions};
pub(crate) use device_learner::DeviceLearner;
pub(crate) use learner::Learner;
pub(crate) use learning::Learning;
pub(crate) use plan::{Plan, Stage};
pub(crate) use settings::{EarlyStop, Steps};
pub use settings::{LengthOptions, StepOptions, StoppingOptions};
pub(crate) use state::End;
pub(crate) use state::{Best, Position, State, initial_parameters};
use unread::Unread;

use crate::{
    Descent, EpochRecord, Figures, TrainError,
    candle::{Kernels, Norms, Parameters},
    evaluation::{evaluate, scalar},
    event::{Event, Observe},
    history::wall_time,
    kinds::{LossContext, objective_loss},
    network::Node,
    order::order_of,
    read_ahead::ReadAhead,
    run::Run,
    samples::BatchSource,
};

/// The inputs of the training loop. They stay constant during a run; what changes is the [`State`].
pub(crate) struct TrainingLoop<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) source: BatchSource<'a>,
    pub(crate) train: &'a [usize],
    pub(crate) valid_source: BatchSource<'a>,
    pub(crate) valid: &'a [usize],
    /// The input tensor of the last step; the next step reuses its memory.
    pub(crate) spare: Cell<Option<Tensor>>,
    /// What to report about the device.
    pub(crate) device: Option<&'a DeviceReport>,
}

impl TrainingLoop<'_> {
    /// Trains from `state` to the end of the run and appends a record of each epoch to `history`.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] when the callback `observe` stops the run; the state is saved before.
    /// [`TrainError::Diverged`] when a loss, a gradient or a weight becomes infinite or NaN.
    /// [`TrainError::Run`] when a checkpoint cannot be written.
    pub(crate) fn run(
        &self,
        state: &mut State,
        history: &mut Vec<EpochRecord>,
        mut run: Option<&mut Run>,
        observe: &mut Observe<'_>,
    ) -> Result<(), TrainError> {
        if state.position.end.is_none()
            && (self.report_device(observe).is_break() || self.report_missing_kernels(observe).is_break())
        {
            return self.interrupted(state, run);
        }
        while state.position.end.is_none() {
            let stage = self.plan.stage(state.position.epoch);
            let outcome = self.train_epoch(state, &stage, run.as_deref_mut(), observe)?;
            if outcome.is_break() {
                return self.interrupted(state, run);
            }
            let record = self.finish_epoch(state, &stage)?;
            if let Some(run) = run.as_deref_mut() {
                run.record(&record)?;
                if run.is_due_after_epoch() || state.position.end.is_some() {
                    self.save(state, run)?;
                }
            }
            let mut outcome = observe(&Event::Epoch(&record));
            history.push(record);
            if stage.next_begins_after(state.position.epoch)
                && let Some(layer) = self.plan.pretrained_layers(&state.position.layer_losses, history).last()
                && observe(&Event::Layer(layer)).is_break()
            {
                outcome = ControlFlow::Break(());
            }
            if outcome.is_break() && state.position.end.is_none() {
                return self.interrupted(state, run);
            }
        }
        Ok(())
    }

    /// Reports the device, unless the CPU was chosen.
    fn report_device(&self, observe: &mut Observe<'_>) -> ControlFlow<()> {
        self.device.map_or(ControlFlow::Continue(()), |report| observe(&Event::Device(report)))
    }

    /// Reports the layers that have no fused kernel. With such a layer the run uses the slower composed kernels.
    fn report_missing_kernels(&self, observe: &mut Observe<'_>) -> ControlFlow<()> {
        let nodes = match self.plan.descent.computation.kernels {
            Kernels::Fused => self.plan.core.without_kernel(),
            Kernels::Composed | Kernels::FusedOnDevice => Vec::new(),
        };
        if nodes.is_empty() {
            return ControlFlow::Continue(());
        }
        let layer = |node: &&Node| format!("`{}` ({})", node.name, node.primitive.operation().describe());
        observe(&Event::WithoutKernel(&nodes.iter().map(layer).collect::<Vec<_>>()))
    }

    /// Trains the remaining batches of the current epoch.
    fn train_epoch(
        &self,
        state: &mut State,
        stage: &Stage<'_>,
        mut run: Option<&mut Run>,
        observe: &mut Observe<'_>,
    ) -> Result<ControlFlow<()>, TrainError> {
        let epoch = state.position.epoch + 1;
        let order = order_of(self.train, self.plan.config.seed, epoch);
        let batch_size = self.plan.descent.steps.batch_size;
        let rest = order.get(state.position.batches * batch_size..).unwrap_or_default();
        let mut ahead = ReadAhead::new(&self.source.part.values, rest);
        let mut unread = Unread::new();
        for chunk in rest.chunks(batch_size) {
            ahead.advance(chunk.len());
            self.step(state, stage, chunk, &mut unread)?;
            let due = run.as_deref_mut().filter(|run| run.is_due_after_step(state.position.step));
            let is_last = state.position.rows >= self.train.len();
            if due.is_none() && !is_last && !unread.is_due() {
                continue;
            }
            unread.read(epoch, &mut state.position.sums)?;
            if let Some(run) = due {
                self.save(state, run)?;
            }
            let figures = &state.position.sums.figures.clone().over(state.position.rows);
            let event = Event::Step { epoch, step: state.position.step, rows: state.position.rows, figures };
            if observe(&event).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            unread.restart_clock();
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Trains one batch. On a device, its loss is not known yet, and is added to `unread`.
    fn step(
        &self,
        state: &mut State,
        stage: &Stage<'_>,
        rows: &[usize],
        unread: &mut Unread,
    ) -> Result<(), TrainError> {
        let start = Instant::now();
        let Plan { config, descent, .. } = self.plan;
        let (epoch, step) = (state.position.epoch + 1, state.position.step + 1);
        let network = stage.network(&state.trained, &state.parameters);
        let context = LossContext::Training { seed: config.seed, step, epochs: stage.epochs_before(step) };
        let batch = self.source.batch_in(&self.spare, &network, rows, context)?;
        let loss = objective_loss(descent.objective.model(), descent.l2, &network, &batch, context)?;
        let (trained, rate) = (&state.trained, stage.rate(step));
        match &mut state.learner {
            Learning::Host(learner) => {
                let total = scalar(&loss.total)?;
                let parts = loss.parts.iter().map(|(part, value)| Ok((*part, scalar(value)?)));
                let parts = parts.collect::<candle_core::Result<Vec<_>>>()?;
                if let Some(cause) = divergence::find_in_loss(&network, &batch, total, &parts)? {
                    return Err(cause.into_error(step, epoch));
                }
                let gradients = trained.gradients(&loss.total)?;
                let check = |norms: &Norms| match divergence::find_in_gradients(norms, trained, &loss)? {
                    Some(cause) => Err(cause.into_error(step, epoch)),
                    None => Ok(()),
                };
                let norm = learner.step(trained, &gradients, rate, check)?;
                state.position.sums.add(rows.len(), total, &parts, norm);
            }
            Learning::Device(learner) => {
                let norm = learner.step(trained, &trained.gradients(&loss.total)?, rate)?;
                unread.push(step, rows.len(), &loss, norm);
            }
        }
        // Frees the autograd graph. Only the input tensor survives the step.
        drop(loss);
        if network.below.is_none() {
            self.source.reuse(&self.spare, batch.x);
        }
        state.position.advance(step, rows.len());
        if let Learning::Host(_) = state.learner {
            state.position.sums.throughput.add(rows.len(), start.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// Evaluates the model after an epoch, then starts the next stage or applies early stopping.
    fn finish_epoch(&self, state: &mut State, stage: &Stage<'_>) -> Result<EpochRecord, TrainError> {
        let Plan { config, descent, .. } = self.plan;
        self.source.part.values.check_unchanged()?;
        let parameters = state.current()?;
        let position = &mut state.position;
        let sums = std::mem::take(&mut position.sums);
        position.epoch += 1;
        (position.batches, position.rows) = (0, 0);
        let train = sums.figures.over(self.train.len());
        let valid = if self.valid.is_empty() { None } else { Some(self.validation_figures(stage, &parameters)?) };
        let last = stage.epochs_before(position.step);
        let record = EpochRecord {
            epoch: position.epoch,
            layer: stage.layer.map(|layer| layer.number),
            step: position.step,
            wall_time: wall_time(),
            seconds: sums.throughput.seconds,
            samples_per_second: sums.throughput.rows as f64 / sums.throughput.seconds.max(1e-9),
            learning_rate: stage.rate(position.step),
            gradient_norm: sums.gradient_norm / self.plan.steps_per_epoch() as f64,
            kl_weight: descent.objective.model().divergence().map(|divergence| divergence.weight(last)),
            variance: config.learned_variance(&parameters)?,
            train,
            valid,
        };
        divergence::check_weights(&parameters, position.step, position.epoch)?;
        divergence::check_validation(&record)?;
        match stage.layer {
            None => {
                let first = (record.epoch - stage.begins_after) as f64 - 1.0;
                let divergence = descent.objective.model().divergence();
                let is_settled = divergence.is_none_or(|divergence| divergence.is_settled(first, last));
                self.update_best_and_end(state, &record, is_settled, &parameters)?;
            }
            Some(_) if stage.next_begins_after(record.epoch) => {
                state.position.layer_losses.push(record.train.loss);
                state.start_next_stage(self.plan)?;
            }
            Some(_) => {}
        }
        Ok(record)
    }

    /// Stores the weights if the epoch is the best so far, and ends the run if early stopping applies or all epochs
    /// are done. `is_settled` is true if the KL weight had its final value during the whole epoch.
    fn update_best_and_end(
        &self,
        state: &mut State,
        record: &EpochRecord,
        is_settled: bool,
        parameters: &Parameters,
    ) -> Result<(), TrainError> {
        let monitored = match &record.valid {
            Some(valid) => Some(valid.loss),
            // Losses with different KL weights are not comparable.
            None => is_settled.then_some(record.train.loss),
        };
        let Descent { early_stop, .. } = *self.plan.descent;
        let best = state.best.as_ref().map(|best| best.loss);
        let is_better = |loss: &f64| EarlyStop::is_better(early_stop, *loss, best);
        if let Some(loss) = monitored.filter(is_better) {
            state.best = Some(Best { epoch: record.epoch, loss, weights: parameters.to_weights()? });
            state.position.stale = 0;
        } else if is_settled {
            // During KL annealing, the validation loss, which uses the final KL weight, does not show progress.
            state.position.stale += 1;
        }
        let has_stalled = EarlyStop::has_stalled(early_stop, state.position.stale);
        let is_complete = record.epoch >= self.plan.descent.all_epochs();
        state.position.end = if has_stalled { Some(End::Early) } else { is_complete.then_some(End::Complete) };
        Ok(())
    }

    /// Metrics of the network that `stage` trains, on the validation rows.
    fn validation_figures(&self, stage: &Stage<'_>, parameters: &Parameters) -> candle_core::Result<Figures> {
        let Plan { config, descent, .. } = self.plan;
        let trained = stage.parameters(parameters);
        let network = stage.network(&trained, parameters);
        evaluate(descent.objective.model(), descent.l2, &network, &self.valid_source, self.valid, config.seed)
    }

    fn interrupted(&self, state: &State, run: Option<&mut Run>) -> Result<(), TrainError> {
        if let Some(run) = run {
            self.save(state, run)?;
        }
        let Position { step, .. } = state.position;
        Err(TrainError::Interrupted { epoch: state.position.epochs_begun(), step })
    }

    /// Saves the state. Checks the weights first: NaN weights would replace a good checkpoint, and only the next step
    /// would detect them.
    fn save(&self, state: &State, run: &mut Run) -> Result<(), TrainError> {
        divergence::check_weights(&state.parameters, state.position.step, state.position.epochs_begun())?;
        run.save(self.plan.config, state)
    }
}
