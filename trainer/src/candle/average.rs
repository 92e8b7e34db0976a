//! Exponential moving average of the weights (Polyak and Juditsky 1992, with exponential decay).

use std::collections::BTreeMap;

use candle_core::Result;
use ndarray::ArrayD;

use super::{
    floats::read,
    named_state::{restored_values, state_key},
    parameters::Parameters,
};
use crate::{network::Weights, numeric::update_moving_average};

/// First part of the names of the state of an average.
pub(super) const AVERAGE: &str = "average";

/// The moving average `a` of the weights `w` of a run. Update `t`, counted from 1, computes `a += (1 - d) (w - a)` with
/// `d = min(decay, (1 + t) / (10 + t))`.
///
/// The bound on `d` is that of TensorFlow's `ExponentialMovingAverage` with `num_updates`. It removes the influence
/// of the initial weights within a few steps, for any decay.
#[derive(Debug)]
pub(crate) struct Average {
    decay: f64,
    updates: u64,
    weights: Weights,
}

impl Average {
    /// Creates an average that starts as a copy of the parameters.
    ///
    /// # Errors
    /// If the parameters cannot be read from the device.
    pub(crate) fn new(parameters: &Parameters, decay: f64) -> Result<Self> {
        let weights = parameters.iter().map(|(name, variable)| {
            let values = read(variable, <[f32]>::to_vec)?;
            Ok((name.to_owned(), shaped(variable.dims(), values)?))
        });
        Ok(Average { decay, updates: 0, weights: weights.collect::<Result<_>>()? })
    }

    /// Restores an average after `updates` updates from its [`state`](Average::state). Other names in `state` are
    /// ignored.
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
            Ok((name.to_owned(), shaped(variable.dims(), values)?))
        });
        Ok(Average { decay, updates, weights: weights.collect::<Result<_>>()? })
    }

    /// Updates the average with the current values of the parameters.
    ///
    /// # Errors
    /// If the average was created for other parameters.
    pub(crate) fn update(&mut self, parameters: &Parameters) -> Result<()> {
        self.updates += 1;
        let factor = factor(self.decay, self.updates);
        for (name, variable) in parameters.iter() {
            let average = self.weights.get_mut(name).and_then(|array| array.as_slice_mut());
            let Some(average) = average.filter(|average| average.len() == variable.elem_count()) else {
                candle_core::bail!(
                    "the average has no parameter `{name}` of shape {:?}; it was created for other parameters",
                    variable.dims()
                );
            };
            read(variable, |weights| update_moving_average(average, weights, factor))?;
        }
        Ok(())
    }

    /// Returns a copy of the average.
    pub(crate) fn weights(&self) -> Weights {
        self.weights.clone()
    }

    /// Returns the number of updates so far.
    pub(crate) fn steps(&self) -> u64 {
        self.updates
    }

    #[cfg(test)]
    /// Returns a copy of the average as `average/NAME` for every parameter.
    pub(crate) fn state(&self) -> BTreeMap<String, Vec<f32>> {
        self.state_slices().map(|(name, values)| (name, values.to_vec())).collect()
    }

    /// Returns the same state without copying.
    pub(crate) fn state_slices(&self) -> impl Iterator<Item = (String, &[f32])> {
        self.weights.iter().map(|(name, array)| {
            let values = array.as_slice().expect("the average is stored in row-major order");
            (state_key(AVERAGE, name), values)
        })
    }
}

/// Returns the weight `1 - d` of the parameters in update `t`, counted from 1.
pub(super) fn factor(decay: f64, update: u64) -> f32 {
    let count = update as f64;
    (1.0 - decay.min((1.0 + count) / (10.0 + count))) as f32
}

fn shaped(shape: &[usize], values: Vec<f32>) -> Result<ArrayD<f32>> {
    ArrayD::from_shape_vec(shape, values).map_err(candle_core::Error::wrap)
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::{
        candle::example::parameters,
        numeric::{
            CHUNK,
            example::{noise, on_one_and_three_threads},
        },
    };

    fn set(parameters: &Parameters, values: &[f32]) {
        for (_, variable) in parameters.iter() {
            variable.set(&Tensor::new(values, &Device::Cpu).expect("small")).expect("equal shapes");
        }
    }

    #[test]
    fn the_decay_grows_from_two_elevenths_to_its_bound() {
        let parameters = parameters(&[("w", vec![1.0])]);
        let mut average = Average::new(&parameters, 0.25).expect("on the CPU");
        let mut expected = 1.0;
        for (weight, decay) in [(2.0, 2.0 / 11.0), (5.0, 3.0 / 12.0), (-1.0, 0.25)] {
            set(&parameters, &[weight]);
            average.update(&parameters).expect("the same parameters");
            expected = decay * expected + (1.0 - decay) * f64::from(weight);
            assert!((f64::from(average.weights()["w"][0]) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn a_restored_average_continues_with_the_same_bits_on_any_number_of_threads() {
        let count = 2 * CHUNK + 3;
        let run = |interrupted_after: Option<u32>| {
            let parameters = parameters(&[("w", noise(count, 0))]);
            let mut average = Average::new(&parameters, 0.999).expect("on the CPU");
            for step in 1..=5 {
                set(&parameters, &noise(count, step));
                average.update(&parameters).expect("the same parameters");
                if interrupted_after == Some(step) {
                    let state = average.state();
                    average = Average::restore(&parameters, 0.999, average.steps(), &state).expect("a complete state");
                }
            }
            average.weights()
        };
        let (one, three) = on_one_and_three_threads(|| run(None));
        assert!(one == three);
        assert!(one == run(Some(3)));
    }

    #[test]
    fn parameters_or_state_of_another_network_are_rejected_by_name() {
        let (mine, other) = (parameters(&[("w", vec![1.0])]), parameters(&[("v", vec![1.0])]));
        let mut average = Average::new(&mine, 0.9).expect("on the CPU");
        let message = average.update(&other).expect_err("another network").to_string();
        assert!(message.contains("`v`"), "{message}");
        let message = Average::restore(&other, 0.9, 1, &average.state()).expect_err("another network").to_string();
        assert!(message.contains("no `average/v`"), "{message}");
    }
}
