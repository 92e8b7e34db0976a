//! Exponential moving average of weights on any device.

use std::{borrow::Cow, collections::BTreeMap};

use candle_core::{Result, Tensor};
use ndarray::ArrayD;

use super::{Memory, elementwise::map, function::Function, read_back};
use crate::{
    candle::{
        average::{AVERAGE, factor},
        named_state::{restored_values, state_key},
        parameters::Parameters,
    },
    network::Weights,
};

/// The moving average of weights, on their device: the counterpart of [`Average`](crate::candle::Average).
#[derive(Debug)]
pub(crate) struct DeviceAverage {
    decay: f64,
    updates: u64,
    weights: BTreeMap<String, Tensor>,
}

impl DeviceAverage {
    /// Creates an average that starts as a copy of the parameters.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(crate) fn new(parameters: &Parameters, decay: f64) -> Result<Self> {
        let weights =
            parameters.iter().map(|(name, variable)| Ok((name.to_owned(), variable.as_detached_tensor().copy()?)));
        Ok(DeviceAverage { decay, updates: 0, weights: weights.collect::<Result<_>>()? })
    }

    /// Restores an average after `updates` updates from its [`state`](DeviceAverage::state), or from that of an average
    /// of the host.
    ///
    /// # Errors
    /// If a part of the state is missing or has a wrong length; the message names it.
    pub(crate) fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        decay: f64,
        updates: u64,
        state: &BTreeMap<String, V>,
    ) -> Result<Self> {
        let weights = parameters.iter().map(|(name, variable)| {
            let values = restored_values(state, &state_key(AVERAGE, name), variable.elem_count())?;
            Ok((name.to_owned(), Tensor::from_vec(values, variable.shape(), variable.device())?))
        });
        Ok(DeviceAverage { decay, updates, weights: weights.collect::<Result<_>>()? })
    }

    /// Updates the average with the current values of the parameters.
    ///
    /// # Errors
    /// If the average was created for other parameters, or Candle returns an error.
    pub(crate) fn update(&mut self, parameters: &Parameters) -> Result<()> {
        self.updates += 1;
        let update = Function::MovingAverage(factor(self.decay, self.updates));
        for (name, variable) in parameters.iter() {
            let Some(average) = self.weights.get_mut(name).filter(|average| average.shape() == variable.shape()) else {
                candle_core::bail!(
                    "the average has no parameter `{name}` of shape {:?}; it was created for other parameters",
                    variable.dims()
                );
            };
            let weights = variable.as_detached_tensor();
            *average = map(update, [average, &weights, &weights])?;
        }
        Ok(())
    }

    /// Reads the average from the device.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(crate) fn weights(&self) -> Result<Weights> {
        let arrays = self.weights.iter().map(|(name, average)| {
            let values = read_back(average)?;
            let array = ArrayD::from_shape_vec(average.dims(), values).map_err(candle_core::Error::wrap)?;
            Ok((name.clone(), array))
        });
        arrays.collect()
    }

    /// Returns the number of updates so far.
    pub(crate) fn steps(&self) -> u64 {
        self.updates
    }

    /// Reads the average from the device, by the names of [`Average`](crate::candle::Average).
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(crate) fn state(&self) -> Result<Memory<'static>> {
        let named = self.weights.iter();
        named.map(|(name, average)| Ok((state_key(AVERAGE, name), Cow::Owned(read_back(average)?)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::{
        candle::{Average, example::parameters},
        numeric::example::noise,
    };

    #[test]
    fn an_average_of_the_host_continues_with_the_same_values() {
        let averages = |updates_of_host: u32| {
            let parameters = parameters(&[("w", noise(100, 0))]);
            let set = |step| {
                for (_, variable) in parameters.iter() {
                    variable.set(&Tensor::new(noise(100, step), &Device::Cpu).expect("small")).expect("equal shapes");
                }
            };
            let mut host = Average::new(&parameters, 0.9).expect("on the CPU");
            for step in 1..=updates_of_host {
                set(step);
                host.update(&parameters).expect("the same parameters");
            }
            let mut device = DeviceAverage::restore(&parameters, 0.9, host.steps(), &host.state()).expect("complete");
            for step in updates_of_host + 1..=5 {
                set(step);
                device.update(&parameters).expect("the same parameters");
            }
            assert_eq!(device.steps(), 5);
            device.weights().expect("on the CPU")["w"].clone()
        };
        let expected = averages(5);
        for updates_of_host in [0, 2] {
            for (actual, expected) in averages(updates_of_host).iter().zip(&expected) {
                assert!((actual - expected).abs() <= 1e-6, "{actual}, expected {expected}");
            }
        }
    }

    #[test]
    fn an_average_does_not_share_the_memory_of_the_parameters() {
        let parameters = parameters(&[("w", vec![1.0])]);
        let average = DeviceAverage::new(&parameters, 0.9).expect("small");
        for (_, variable) in parameters.iter() {
            variable.set(&Tensor::new(&[7f32], &Device::Cpu).expect("small")).expect("equal shapes");
        }
        assert_eq!(average.weights().expect("on the CPU")["w"][0], 1.0);
    }
}
