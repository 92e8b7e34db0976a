//! The exponential moving average of the weights (Polyak and Juditsky 1992, with forgetting).

use std::collections::BTreeMap;

use candle_core::Result;
use ndarray::ArrayD;

use super::{
    Parameters,
    floats::read,
    memory::{memory_name, recalled},
};
use crate::{
    network::Weights,
    numeric::{PART, spread, vectorized},
};

const KIND: &str = "average";

/// The average `a` over the weights `w` of a run: update `t`, counted from 1, does `a += (1 - d) (w - a)`
/// with `d = min(decay, (1 + t) / (10 + t))`.
///
/// The bound on `d` is that of TensorFlow's `ExponentialMovingAverage` with `num_updates`: the initial
/// values are forgotten within a few steps, whatever the decay.
#[derive(Debug)]
pub struct Average {
    decay: f64,
    updates: u64,
    weights: Weights,
}

impl Average {
    /// An average that starts as a copy of the parameters.
    ///
    /// # Errors
    /// Those of Candle, when reading from a device.
    pub fn new(parameters: &Parameters, decay: f64) -> Result<Self> {
        let weights = parameters.iter().map(|(name, variable)| {
            let values = read(variable, <[f32]>::to_vec)?;
            Ok((name.to_owned(), shaped(variable.dims(), values)?))
        });
        Ok(Average { decay, updates: 0, weights: weights.collect::<Result<_>>()? })
    }

    /// An average that goes on after `updates` updates, from what [`state`](Average::state) gave then.
    /// Other names in `state` are left alone.
    ///
    /// # Errors
    /// If something is missing or has another length; the message names it.
    pub fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        decay: f64,
        updates: u64,
        state: &BTreeMap<String, V>,
    ) -> Result<Self> {
        let weights = parameters.iter().map(|(name, variable)| {
            let values = recalled(state, &memory_name(KIND, name), variable.elem_count())?;
            Ok((name.to_owned(), shaped(variable.dims(), values)?))
        });
        Ok(Average { decay, updates, weights: weights.collect::<Result<_>>()? })
    }

    /// Takes the parameters, as they are now, into the average.
    ///
    /// # Errors
    /// For parameters that the average was not made for.
    pub fn update(&mut self, parameters: &Parameters) -> Result<()> {
        self.updates += 1;
        let count = self.updates as f64;
        let share = (1.0 - self.decay.min((1.0 + count) / (10.0 + count))) as f32;
        for (name, variable) in parameters.iter() {
            let average = self.weights.get_mut(name).and_then(|array| array.as_slice_mut());
            let Some(average) = average.filter(|average| average.len() == variable.elem_count()) else {
                candle_core::bail!("the average was not made for a parameter `{name}` {:?}", variable.dims());
            };
            read(variable, |weights| {
                let parts = average.chunks_mut(PART).zip(weights.chunks(PART)).collect();
                spread(16 * PART, parts, |(average, weights)| towards(average, weights, share));
            })?;
        }
        Ok(())
    }

    /// A copy of the average.
    pub fn weights(&self) -> Weights {
        self.weights.clone()
    }

    /// Updates that were made.
    pub fn steps(&self) -> u64 {
        self.updates
    }

    /// A copy of the average as `average/NAME` for every parameter.
    pub fn state(&self) -> BTreeMap<String, Vec<f32>> {
        self.remembered().map(|(name, values)| (name, values.to_vec())).collect()
    }

    /// The same, where it lies.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (String, &[f32])> {
        self.weights.iter().filter_map(|(name, array)| Some((memory_name(KIND, name), array.as_slice()?)))
    }
}

/// Goes this share of the way from an average to the weights.
fn towards(average: &mut [f32], weights: &[f32], share: f32) {
    vectorized(
        #[inline(always)]
        || {
            for (average, weight) in average.iter_mut().zip(weights) {
                *average += share * (weight - *average);
            }
        },
    );
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
        numeric::example::{noise, on_one_and_three_threads},
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
    fn a_restored_average_goes_on_with_the_same_bits_on_any_number_of_threads() {
        let count = 2 * PART + 3;
        let run = |broken_after: Option<u32>| {
            let parameters = parameters(&[("w", noise(count, 0))]);
            let mut average = Average::new(&parameters, 0.999).expect("on the CPU");
            for step in 1..=5 {
                set(&parameters, &noise(count, step));
                average.update(&parameters).expect("the same parameters");
                if broken_after == Some(step) {
                    let state = average.state();
                    average = Average::restore(&parameters, 0.999, average.steps(), &state).expect("all is there");
                }
            }
            average.weights()
        };
        let (one, three) = on_one_and_three_threads(|| run(None));
        assert!(one == three);
        assert!(one == run(Some(3)));
    }

    #[test]
    fn parameters_or_a_state_of_another_network_are_refused_by_name() {
        let (mine, other) = (parameters(&[("w", vec![1.0])]), parameters(&[("v", vec![1.0])]));
        let mut average = Average::new(&mine, 0.9).expect("on the CPU");
        let refused = average.update(&other).expect_err("another network").to_string();
        assert!(refused.contains("`v`"), "{refused}");
        let refused = Average::restore(&other, 0.9, 1, &average.state()).expect_err("another network").to_string();
        assert!(refused.contains("no `average/v`"), "{refused}");
    }
}
