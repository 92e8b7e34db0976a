//! The parameter update: optimizer, gradient clipping and moving average of the weights. Autoencoders and classifier
//! heads share it.

use std::{borrow::Cow, collections::BTreeMap};

use candle_core::Result;

use super::settings::Steps;
use crate::{
    candle::{Average, Gradients, Memory, Norms, Optimizer, Parameters, Rule, clip_scale, norms},
    network::Weights,
};

/// An optimizer and its state, with gradient clipping and an optional moving average of the weights.
#[derive(Debug)]
pub(crate) struct Learner {
    optimizer: Optimizer,
    average: Option<Average>,
    clip_norm: Option<f64>,
}

impl Learner {
    /// Creates a learner with a new optimizer state for `parameters`.
    pub(crate) fn new(parameters: &Parameters, rule: Rule, steps: Steps) -> Result<Self> {
        let average = steps.average.map(|decay| Average::new(parameters, decay)).transpose()?;
        Ok(Learner { optimizer: Optimizer::new(parameters, rule), average, clip_norm: steps.clip_norm })
    }

    /// Restores a learner from `memory`, which holds its state after `optimizer_steps` steps of the optimizer and
    /// `updates` updates of the average.
    ///
    /// # Errors
    /// An error that names the array if `memory` lacks an array or if an array has the wrong length.
    pub(crate) fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        rule: Rule,
        steps: Steps,
        (optimizer_steps, updates): (u64, u64),
        memory: &BTreeMap<String, V>,
    ) -> Result<Self> {
        let average = steps.average.map(|decay| Average::restore(parameters, decay, updates, memory)).transpose()?;
        let optimizer = Optimizer::restore(parameters, rule, optimizer_steps, memory)?;
        Ok(Learner { optimizer, average, clip_norm: steps.clip_norm })
    }

    /// Multiplies the learning rate by `rate_factor` for the parameters whose name `is_selected` accepts.
    pub(crate) fn with_rate_factor(self, rate_factor: f64, is_selected: impl Fn(&str) -> bool) -> Self {
        Learner { optimizer: self.optimizer.with_rate_factor(rate_factor, is_selected), ..self }
    }

    /// Takes an optimizer step along `gradients` and returns their total norm. `check` receives the norms first, to
    /// detect infinite or NaN gradients; if it returns an error, the parameters do not change.
    pub(crate) fn step<E: From<candle_core::Error>>(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        rate: f64,
        check: impl FnOnce(&Norms) -> std::result::Result<(), E>,
    ) -> std::result::Result<f64, E> {
        let norms = norms(parameters, gradients)?;
        check(&norms)?;
        let scale = self.clip_norm.map_or(1.0, |limit| clip_scale(norms.total, limit));
        self.optimizer.step(parameters, gradients, rate, scale)?;
        if let Some(average) = &mut self.average {
            average.update(parameters)?;
        }
        Ok(norms.total)
    }

    /// Returns the parameters that would be the model now: `parameters`, or their moving average if one is kept.
    pub(crate) fn current(&self, parameters: &Parameters) -> Result<Parameters> {
        averaged(parameters, self.average())
    }

    /// Returns a copy of the moving average of the weights; `None` if none is kept.
    pub(crate) fn average(&self) -> Option<Weights> {
        self.average.as_ref().map(Average::weights)
    }

    /// Returns the steps of the optimizer and the updates of the average.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.optimizer.steps(), self.average.as_ref().map_or(0, Average::steps))
    }

    /// Returns the state of the optimizer and the average by name, without copying it.
    pub(crate) fn memory(&self) -> Memory<'_> {
        let averages = self.average.iter().flat_map(Average::state_slices);
        let memory = self.optimizer.state_slices().chain(averages);
        memory.map(|(name, values)| (name, Cow::Borrowed(values))).collect()
    }
}

/// Returns `parameters` with the values of `average`, if there is one.
pub(super) fn averaged(parameters: &Parameters, average: Option<Weights>) -> Result<Parameters> {
    match average {
        None => Ok(parameters.clone()),
        Some(average) => {
            let mut weights = parameters.to_weights()?;
            weights.extend(average);
            parameters.with_values(&weights)
        }
    }
}
