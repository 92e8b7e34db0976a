//! The learner of a run: on the host, or on the device of the parameters.

use std::collections::BTreeMap;

use candle_core::Result;

use super::{DeviceLearner, Learner, learner::averaged, settings::Steps};
use crate::{
    candle::{Memory, Parameters, Rule},
    network::Weights,
    placement::Placement,
};

/// What turns gradients into steps, where the parameters are.
#[derive(Debug)]
pub(crate) enum Learning {
    /// Updates parameters in the memory of the CPU.
    Host(Learner),
    /// Updates parameters on a device, without reading a value.
    Device(DeviceLearner),
}

impl Learning {
    /// Creates a learner with a new optimizer state for `parameters`.
    pub(crate) fn new(parameters: &Parameters, rule: Rule, steps: Steps) -> Result<Self> {
        match parameters.placement() {
            Placement::Host => Learner::new(parameters, rule, steps).map(Learning::Host),
            Placement::Device(_) => DeviceLearner::new(parameters, rule, steps).map(Learning::Device),
        }
    }

    /// Restores a learner from `memory`, which may be that of a learner at another place.
    ///
    /// # Errors
    /// An error that names the array if `memory` lacks an array or if an array has the wrong length.
    pub(crate) fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        rule: Rule,
        steps: Steps,
        counts: (u64, u64),
        memory: &BTreeMap<String, V>,
    ) -> Result<Self> {
        match parameters.placement() {
            Placement::Host => Learner::restore(parameters, rule, steps, counts, memory).map(Learning::Host),
            Placement::Device(_) => {
                DeviceLearner::restore(parameters, rule, steps, counts, memory).map(Learning::Device)
            }
        }
    }

    /// Returns the moving average of the weights; `None` if none is kept.
    pub(crate) fn average(&self) -> Result<Option<Weights>> {
        match self {
            Learning::Host(learner) => Ok(learner.average()),
            Learning::Device(learner) => learner.average(),
        }
    }

    /// Returns the parameters that would be the model now: `parameters`, or their moving average if one is kept.
    pub(crate) fn current(&self, parameters: &Parameters) -> Result<Parameters> {
        averaged(parameters, self.average()?)
    }

    /// Returns the steps of the optimizer and the updates of the average.
    pub(crate) fn counts(&self) -> (u64, u64) {
        match self {
            Learning::Host(learner) => learner.counts(),
            Learning::Device(learner) => learner.counts(),
        }
    }

    /// Returns the state of the optimizer and the average by name, without copying it where it is on the host.
    pub(crate) fn memory(&self) -> Result<Memory<'_>> {
        match self {
            Learning::Host(learner) => Ok(learner.memory()),
            Learning::Device(learner) => learner.memory(),
        }
    }
}
