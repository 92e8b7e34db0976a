//! Gradient descent: steps, epochs, and what is kept of them.
//!
//! Everything that a step depends on is in the [`State`], and all randomness is a function of the seed and
//! a counter in it. So a run that is taken up from a saved state goes on bit for bit as it would have.

mod divergence;
mod state;

use std::{cell::Cell, ops::ControlFlow, time::Instant};

use candle_core::Tensor;
pub use state::End;
pub(crate) use state::{Best, Position, State};

use crate::{
    Config, Descent, EpochRecord, Event, Figures, TrainError,
    candle::{Parameters, clip_scale, norms},
    evaluation::{evaluate, scalar},
    fitted::Core,
    history::wall_time,
    kinds::{Draw, objective_loss},
    order::order_of,
    run::Run,
    samples::Source,
    schedule::Pace,
};

/// A run of gradient descent, without its state.
pub(crate) struct Descending<'a> {
    pub(crate) config: &'a Config,
    pub(crate) descent: &'a Descent,
    pub(crate) core: &'a Core,
    pub(crate) source: Source<'a>,
    pub(crate) train: &'a [usize],
    pub(crate) valid_source: Source<'a>,
    pub(crate) valid: &'a [usize],
    /// The samples of the last step, whose place those of the next one take.
    pub(crate) spare: Cell<Option<Tensor>>,
}

/// What an observer answers.
pub(crate) type Observe<'a> = dyn FnMut(&Event<'_>) -> ControlFlow<()> + 'a;

impl Descending<'_> {
    /// Goes on from `state` to the end of the run, and returns what happened in each epoch.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] when the observer breaks off, after the state was saved;
    /// [`TrainError::Diverged`]; [`TrainError::Run`] when nothing can be saved.
    pub(crate) fn run(
        &self,
        state: &mut State,
        history: &mut Vec<EpochRecord>,
        mut keeper: Option<&mut Run>,
        observe: &mut Observe<'_>,
    ) -> Result<(), TrainError> {
        let pace = self.descent.pace(self.train.len());
        while state.position.end.is_none() {
            let outcome = self.epoch(state, &pace, keeper.as_deref_mut(), observe)?;
            if outcome.is_break() {
                return self.interrupted(state, keeper);
            }
            let record = self.end_of_epoch(state, &pace)?;
            if let Some(run) = keeper.as_deref_mut() {
                run.record(&record)?;
                if run.is_due_after_epoch() || state.position.end.is_some() {
                    self.save(state, run)?;
                }
            }
            let outcome = observe(&Event::Epoch(&record));
            history.push(record);
            if outcome.is_break() && state.position.end.is_none() {
                return self.interrupted(state, keeper);
            }
        }
        Ok(())
    }

    /// What is left of the current epoch.
    fn epoch(
        &self,
        state: &mut State,
        pace: &Pace,
        mut keeper: Option<&mut Run>,
        observe: &mut Observe<'_>,
    ) -> Result<ControlFlow<()>, TrainError> {
        let epoch = state.position.epoch + 1;
        let order = order_of(self.train, self.config.seed, epoch);
        for chunk in order.chunks(self.descent.batch_size).skip(state.position.batches) {
            self.step(state, pace, chunk)?;
            if let Some(run) = keeper.as_deref_mut().filter(|run| run.is_due_after_step(state.position.step)) {
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

    fn step(&self, state: &mut State, pace: &Pace, rows: &[usize]) -> Result<(), TrainError> {
        let start = Instant::now();
        let (epoch, step) = (state.position.epoch + 1, state.position.step + 1);
        let network = self.core.network(&state.parameters, self.config);
        let draw = Draw::Training { seed: self.config.seed, step, epochs: self.epochs_before(step, pace) };
        let batch = network.batch_in(self.spare.take(), &self.source, rows, draw)?;
        let loss = objective_loss(self.descent.objective.model(), self.descent.l2, &network, &batch, draw)?;
        let total = scalar(&loss.total)?;
        let parts = loss.parts.iter().map(|(part, value)| Ok((*part, scalar(value)?)));
        let parts = parts.collect::<candle_core::Result<Vec<_>>>()?;
        if let Some(cause) = divergence::of_loss(&network, &batch, total, &parts)? {
            return Err(cause.at(step, epoch));
        }
        let gradients = state.parameters.gradients(&loss.total)?;
        let norms = norms(&state.parameters, &gradients)?;
        if let Some(cause) = divergence::of_gradients(&norms, &state.parameters, &loss)? {
            return Err(cause.at(step, epoch));
        }
        let scale = self.descent.clip_norm.map_or(1.0, |limit| clip_scale(norms.total, limit));
        state.optimizer.step(&state.parameters, &gradients, pace.rate(step), scale)?;
        if let Some(average) = &mut state.average {
            average.update(&state.parameters)?;
        }
        // Nothing else of a step outlives it.
        drop(loss);
        self.spare.set(Some(batch.x));
        state.position.count(step, rows.len(), total, &parts, norms.total, start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Passes over the rows that were done before a step.
    fn epochs_before(&self, step: u64, pace: &Pace) -> f64 {
        step.saturating_sub(1) as f64 / pace.steps_per_epoch as f64
    }

    /// Evaluates, and decides whether the run goes on.
    fn end_of_epoch(&self, state: &mut State, pace: &Pace) -> Result<EpochRecord, TrainError> {
        self.source.part.values.check_unchanged()?;
        let parameters = state.current()?;
        let position = &mut state.position;
        let sums = std::mem::take(&mut position.sums);
        position.epoch += 1;
        (position.batches, position.rows) = (0, 0);
        let train = sums.figures.over(self.train.len());
        let valid = if self.valid.is_empty() { None } else { Some(self.evaluated(&parameters)?) };
        let last = self.epochs_before(position.step, pace);
        let record = EpochRecord {
            epoch: position.epoch,
            step: position.step,
            wall_time: wall_time(),
            seconds: sums.timed.seconds,
            samples_per_second: sums.timed.rows as f64 / sums.timed.seconds.max(1e-9),
            learning_rate: pace.rate(position.step),
            gradient_norm: sums.gradient_norm / pace.steps_per_epoch as f64,
            kl_weight: self.descent.objective.kl_weight(last),
            variance: self.config.learned_variance(&parameters)?,
            train,
            valid,
        };
        divergence::check_weights(&parameters, position.step, position.epoch)?;
        divergence::check_held_out(&record)?;
        let is_settled = self.descent.objective.is_settled(record.epoch as f64 - 1.0, last);
        self.judge(state, &record, is_settled, &parameters)?;
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
        let min_delta = self.descent.early_stop.map_or(0.0, |rule| rule.min_delta);
        let is_better = |loss: &f64| state.best.as_ref().is_none_or(|best| *loss < best.loss - min_delta);
        if let Some(loss) = monitored.filter(is_better) {
            state.best = Some(Best { epoch: record.epoch, loss, weights: parameters.to_weights()? });
            state.position.stale = 0;
        } else if is_settled {
            // While a divergence is annealed, figures of the full weight say nothing about where it leads.
            state.position.stale += 1;
        }
        let has_stalled = self.descent.early_stop.is_some_and(|rule| state.position.stale >= rule.patience);
        state.position.end =
            if has_stalled { Some(End::Early) } else { (record.epoch >= self.descent.epochs).then_some(End::Complete) };
        Ok(())
    }

    fn evaluated(&self, parameters: &Parameters) -> candle_core::Result<Figures> {
        let network = self.core.network(parameters, self.config);
        let model = self.descent.objective.model();
        evaluate(model, self.descent.l2, &network, &self.valid_source, self.valid, self.config.seed)
    }

    fn interrupted(&self, state: &State, keeper: Option<&mut Run>) -> Result<(), TrainError> {
        if let Some(run) = keeper {
            self.save(state, run)?;
        }
        let Position { step, .. } = state.position;
        Err(TrainError::Interrupted { epoch: state.position.begun(), step })
    }

    /// Weights that are no numbers would take the place of good ones, and only the next step would notice.
    fn save(&self, state: &State, run: &mut Run) -> Result<(), TrainError> {
        divergence::check_weights(&state.parameters, state.position.step, state.position.begun())?;
        run.save(self.config, state)
    }
}
