//! The parameter update on a device: the counterpart of [`Learner`](super::Learner), without reading a value.

use std::collections::BTreeMap;

use candle_core::{Result, Tensor};

use super::settings::Steps;
use crate::{
    candle::{DeviceAverage, DeviceOptimizer, Gradients, Memory, Parameters, Rule, clip_factor, norm},
    network::Weights,
};

/// An optimizer and its state, with gradient clipping and an optional moving average of the weights.
#[derive(Debug)]
pub(crate) struct DeviceLearner {
    optimizer: DeviceOptimizer,
    average: Option<DeviceAverage>,
    clip_norm: Option<f64>,
}

impl DeviceLearner {
    /// Creates a learner with a new optimizer state for `parameters`.
    pub(crate) fn new(parameters: &Parameters, rule: Rule, steps: Steps) -> Result<Self> {
        let average = steps.average.map(|decay| DeviceAverage::new(parameters, decay)).transpose()?;
        Ok(DeviceLearner { optimizer: DeviceOptimizer::new(parameters, rule)?, average, clip_norm: steps.clip_norm })
    }

    /// Restores a learner from `memory`, as [`Learner::restore`](super::Learner::restore).
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
        let average =
            steps.average.map(|decay| DeviceAverage::restore(parameters, decay, updates, memory)).transpose()?;
        let optimizer = DeviceOptimizer::restore(parameters, rule, optimizer_steps, memory)?;
        Ok(DeviceLearner { optimizer, average, clip_norm: steps.clip_norm })
    }

    /// Takes an optimizer step along `gradients` and returns their total norm, a scalar; `None` without gradients.
    pub(crate) fn step(&mut self, parameters: &Parameters, gradients: &Gradients, rate: f64) -> Result<Option<Tensor>> {
        let norm = norm(parameters, gradients)?;
        let scale = match (&norm, self.clip_norm) {
            (Some(norm), Some(limit)) => Some(clip_factor(norm, limit)?),
            (None, _) | (_, None) => None,
        };
        self.optimizer.step(parameters, gradients, rate, scale.as_ref())?;
        if let Some(average) = &mut self.average {
            average.update(parameters)?;
        }
        Ok(norm)
    }

    /// Reads the moving average of the weights from the device; `None` if none is kept.
    pub(crate) fn average(&self) -> Result<Option<Weights>> {
        self.average.as_ref().map(DeviceAverage::weights).transpose()
    }

    /// Returns the steps of the optimizer and the updates of the average.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.optimizer.steps(), self.average.as_ref().map_or(0, DeviceAverage::steps))
    }

    /// Reads the state of the optimizer and the average from the device.
    pub(crate) fn memory(&self) -> Result<Memory<'static>> {
        let mut memory = self.optimizer.state()?;
        if let Some(average) = &self.average {
            memory.extend(average.state()?);
        }
        Ok(memory)
    }
}
