//! Gradient descent: steps, epochs, and what is kept of them.
//!
//! Everything that a step depends on is in the [`State`], and all randomness is a function of the seed and
//! a counter in it. So a run that is taken up from a saved state goes on bit for bit as it would have.

mod divergence;
mod learner;
#[cfg(test)]
mod missing_kernels;
mod plan;
mod settings;
mod state;

use std::{cell::Cell, ops::ControlFlow, time::Instant};

use candle_core::Tensor;
pub(crate) use learner::Learner;
pub(crate) use plan::{Plan, Stage};
pub use settings::{EarlyStop, KernelOptions, LengthOptions, StepOptions, Steps, StoppingOptions};
pub use state::End;
pub(crate) use state::{Best, Position, State};

use crate::{
    Descent, EpochRecord, Figures, TrainError,
    candle::{Kernels, Parameters},
    evaluation::{evaluate, scalar},
    event::{Event, Observe},
    history::wall_time,
    kinds::{Draw, objective_loss},
    order::order_of,
    run::Run,
    samples::BatchSource,
};

/// A run of gradient descent, without its state.
pub(crate) struct TrainingLoop<'a> {
    pub(crate) plan: &'a Plan<'a>,
    pub(crate) source: BatchSource<'a>,
    pub(crate) train: &'a [usize],
    pub(crate) valid_source: BatchSource<'a>,
    pub(crate) valid: &'a [usize],
    /// The samples of the last step, whose place those of the next one take.
    pub(crate) spare: Cell<Option<Tensor>>,
}

impl TrainingLoop<'_> {
    /// Goes on from `state` to the end of the run, and returns what happened in each epoch.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] when the observer breaks off, after the state was saved;
    /// [`TrainError::Diverged`]; [`TrainError::Run`] when nothing can be saved.
    pub(crate) fn run(
        &self,
        state: &mut State,
        history: &mut Vec<EpochRecord>,
        mut run: Option<&mut Run>,
        observe: &mut Observe<'_>,
    ) -> Result<(), TrainError> {
        if state.position.end.is_none() && self.tell_without_kernel(observe).is_break() {
            return self.interrupted(state, run);
        }
        while state.position.end.is_none() {
            let stage = self.plan.stage(state.position.epoch);
            let outcome = self.epoch(state, &stage, run.as_deref_mut(), observe)?;
            if outcome.is_break() {
                return self.interrupted(state, run);
            }
            let record = self.end_of_epoch(state, &stage)?;
            if let Some(run) = run.as_deref_mut() {
                run.record(&record)?;
                if run.is_due_after_epoch() || state.position.end.is_some() {
                    self.save(state, run)?;
                }
            }
            let mut outcome = observe(&Event::Epoch(&record));
            history.push(record);
            if stage.is_left_after(state.position.epoch)
                && let Some(layer) = self.plan.pretrained(&state.position.layer_losses, history).last()
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

    /// Says which layers make fused kernels composed ones, and so the run slow.
    fn tell_without_kernel(&self, observe: &mut Observe<'_>) -> ControlFlow<()> {
        let nodes = match self.plan.descent.kernels {
            Kernels::Fused => self.plan.core.without_kernel(),
            Kernels::Composed => Vec::new(),
        };
        if nodes.is_empty() { ControlFlow::Continue(()) } else { observe(&Event::WithoutKernel(&nodes)) }
    }

    /// What is left of the current epoch.
    fn epoch(
        &self,
        state: &mut State,
        stage: &Stage<'_>,
        mut run: Option<&mut Run>,
        observe: &mut Observe<'_>,
    ) -> Result<ControlFlow<()>, TrainError> {
        let epoch = state.position.epoch + 1;
        let order = order_of(self.train, self.plan.config.seed, epoch);
        for chunk in order.chunks(self.plan.descent.steps.batch_size).skip(state.position.batches) {
            self.step(state, stage, chunk)?;
            if let Some(run) = run.as_deref_mut().filter(|run| run.is_due_after_step(state.position.step)) {
                self.save(state, run)?;
            }
            let figures = &state.position.sums.figures.clone().over(state.position.rows);
            let event = Event::Step { epoch, step: state.position.step, rows: state.position.rows, figures };
            if observe(&event).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn step(&self, state: &mut State, stage: &Stage<'_>, rows: &[usize]) -> Result<(), TrainError> {
        let start = Instant::now();
        let Plan { config, descent, .. } = self.plan;
        let (epoch, step) = (state.position.epoch + 1, state.position.step + 1);
        let network = stage.network(&state.trained, &state.parameters);
        let draw = Draw::Training { seed: config.seed, step, epochs: stage.epochs_before(step) };
        let batch = self.source.batch_in(&self.spare, &network, rows, draw)?;
        let loss = objective_loss(descent.objective.model(), descent.l2, &network, &batch, draw)?;
        let total = scalar(&loss.total)?;
        let parts = loss.parts.iter().map(|(part, value)| Ok((*part, scalar(value)?)));
        let parts = parts.collect::<candle_core::Result<Vec<_>>>()?;
        if let Some(cause) = divergence::of_loss(&network, &batch, total, &parts)? {
            return Err(cause.at(step, epoch));
        }
        let gradients = state.trained.gradients(&loss.total)?;
        let trained = &state.trained;
        let norm =
            state.learner.step(trained, &gradients, stage.rate(step), |norms| {
                match divergence::of_gradients(norms, trained, &loss)? {
                    Some(cause) => Err(cause.at(step, epoch)),
                    None => Ok(()),
                }
            })?;
        // Nothing else of a step outlives it.
        drop(loss);
        if network.below.is_none() {
            self.spare.set(Some(batch.x));
        }
        state.position.count(step, rows.len(), total, &parts, norm, start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Evaluates, and decides how the run goes on.
    fn end_of_epoch(&self, state: &mut State, stage: &Stage<'_>) -> Result<EpochRecord, TrainError> {
        let Plan { config, descent, .. } = self.plan;
        self.source.part.values.check_unchanged()?;
        let parameters = state.current()?;
        let position = &mut state.position;
        let sums = std::mem::take(&mut position.sums);
        position.epoch += 1;
        (position.batches, position.rows) = (0, 0);
        let train = sums.figures.over(self.train.len());
        let valid = if self.valid.is_empty() { None } else { Some(self.evaluated(stage, &parameters)?) };
        let last = stage.epochs_before(position.step);
        let record = EpochRecord {
            epoch: position.epoch,
            layer: stage.layer.map(|layer| layer.number),
            step: position.step,
            wall_time: wall_time(),
            seconds: sums.timed.seconds,
            samples_per_second: sums.timed.rows as f64 / sums.timed.seconds.max(1e-9),
            learning_rate: stage.rate(position.step),
            gradient_norm: sums.gradient_norm / self.plan.steps_per_epoch() as f64,
            kl_weight: descent.objective.model().divergence().map(|divergence| divergence.weight(last)),
            variance: config.learned_variance(&parameters)?,
            train,
            valid,
        };
        divergence::check_weights(&parameters, position.step, position.epoch)?;
        divergence::check_held_out(&record)?;
        match stage.layer {
            None => {
                let first = (record.epoch - stage.begins_after) as f64 - 1.0;
                let divergence = descent.objective.model().divergence();
                let is_settled = divergence.is_none_or(|divergence| divergence.is_settled(first, last));
                self.judge(state, &record, is_settled, &parameters)?;
            }
            Some(_) if stage.is_left_after(record.epoch) => {
                state.position.layer_losses.push(record.train.loss);
                state.move_on(self.plan)?;
            }
            Some(_) => {}
        }
        Ok(record)
    }

    /// Whether the epoch is the best so far, and whether the run ends with it; `is_settled` if the loss was
    /// one and the same function all through the epoch, the one that figures are of.
    fn judge(
        &self,
        state: &mut State,
        record: &EpochRecord,
        is_settled: bool,
        parameters: &Parameters,
    ) -> Result<(), TrainError> {
        let monitored = match &record.valid {
            Some(valid) => Some(valid.loss),
            // Losses under different weights cannot be compared.
            None => is_settled.then_some(record.train.loss),
        };
        let Descent { early_stop, .. } = *self.plan.descent;
        let best = state.best.as_ref().map(|best| best.loss);
        let is_better = |loss: &f64| EarlyStop::is_better(early_stop, *loss, best);
        if let Some(loss) = monitored.filter(is_better) {
            state.best = Some(Best { epoch: record.epoch, loss, weights: parameters.to_weights()? });
            state.position.stale = 0;
        } else if is_settled {
            // While a divergence is annealed, figures of the full weight say nothing about where it leads.
            state.position.stale += 1;
        }
        let has_stalled = EarlyStop::has_stalled(early_stop, state.position.stale);
        let is_complete = record.epoch >= self.plan.descent.all_epochs();
        state.position.end = if has_stalled { Some(End::Early) } else { is_complete.then_some(End::Complete) };
        Ok(())
    }

    /// Figures of the rows held out, by what a stage trains of these parameters.
    fn evaluated(&self, stage: &Stage<'_>, parameters: &Parameters) -> candle_core::Result<Figures> {
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
        Err(TrainError::Interrupted { epoch: state.position.begun(), step })
    }

    /// Weights that are no numbers would take the place of good ones, and only the next step would notice.
    fn save(&self, state: &State, run: &mut Run) -> Result<(), TrainError> {
        divergence::check_weights(&state.parameters, state.position.step, state.position.begun())?;
        run.save(self.plan.config, state)
    }
}
