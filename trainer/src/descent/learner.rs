//! What turns gradients into steps: the optimizer, the limit of the gradient and the moving average of the weights, for
//! autoencoders and for heads alike.

use std::collections::BTreeMap;

use super::settings::Steps;
use crate::candle::{Average, Gradients, Norms, Optimizer, Parameters, Rule, clip_scale, norms};

/// An optimizer with what it remembers of the parameters that it moves.
#[derive(Debug)]
pub(crate) struct Learner {
    pub(crate) optimizer: Optimizer,
    pub(crate) average: Option<Average>,
    clip_norm: Option<f64>,
}

impl Learner {
    /// A fresh one for these parameters.
    pub(crate) fn new(parameters: &Parameters, rule: Rule, steps: Steps) -> candle_core::Result<Self> {
        let average = steps.average.map(|decay| Average::new(parameters, decay)).transpose()?;
        Ok(Learner { optimizer: Optimizer::new(parameters, rule), average, clip_norm: steps.clip_norm })
    }

    /// One that goes on from `memory`, after this many steps of the optimizer and updates of the average.
    ///
    /// # Errors
    /// If something is missing in `memory` or has another length; the message names it.
    pub(crate) fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        rule: Rule,
        steps: Steps,
        (optimizer_steps, updates): (u64, u64),
        memory: &BTreeMap<String, V>,
    ) -> candle_core::Result<Self> {
        let average = steps.average.map(|decay| Average::restore(parameters, decay, updates, memory)).transpose()?;
        let optimizer = Optimizer::restore(parameters, rule, optimizer_steps, memory)?;
        Ok(Learner { optimizer, average, clip_norm: steps.clip_norm })
    }

    /// The same with steps of the parameters that `is_meant` selects `pace` times as long.
    pub(crate) fn with_rate_factor(self, rate_factor: f64, is_meant: impl Fn(&str) -> bool) -> Self {
        Learner { optimizer: self.optimizer.with_rate_factor(rate_factor, is_meant), ..self }
    }

    /// Takes a step along `gradients`, unless they are not finite: `check` sees their norms first, and its error leaves
    /// all parameters as they are. Returns the norm of all gradients.
    pub(crate) fn step<E: From<candle_core::Error>>(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        rate: f64,
        check: impl FnOnce(&Norms) -> Result<(), E>,
    ) -> Result<f64, E> {
        let norms = norms(parameters, gradients)?;
        check(&norms)?;
        let scale = self.clip_norm.map_or(1.0, |limit| clip_scale(norms.total, limit));
        self.optimizer.step(parameters, gradients, rate, scale)?;
        if let Some(average) = &mut self.average {
            average.update(parameters)?;
        }
        Ok(norms.total)
    }

    /// The parameters that would be the model now: `parameters`, or their moving average where one is kept.
    pub(crate) fn current(&self, parameters: &Parameters) -> candle_core::Result<Parameters> {
        match &self.average {
            None => Ok(parameters.clone()),
            Some(average) => {
                let mut weights = parameters.to_weights()?;
                weights.extend(average.weights());
                parameters.with_values(&weights)
            }
        }
    }
}
