//! Applies a [`Rule`] to parameters on any device.

use std::{borrow::Cow, collections::BTreeMap};

use candle_core::{Result, Tensor};

use super::{Memory, elementwise::map, function::Function, read_back};
use crate::{
    candle::{
        gradients::Gradients,
        named_state::{restored_values, state_key},
        parameters::Parameters,
    },
    numeric::{Adam, Rule, RuleStep, Sgd},
};

/// An optimizer whose state is on the device of the parameters: the counterpart of
/// [`Optimizer`](crate::candle::Optimizer).
#[derive(Debug)]
pub(crate) struct DeviceOptimizer {
    rule: Rule,
    steps: u64,
    /// State of each parameter, in the order of [`Rule::state_names`].
    states: BTreeMap<String, Vec<Tensor>>,
}

impl DeviceOptimizer {
    /// Creates an optimizer for the parameters.
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(crate) fn new(parameters: &Parameters, rule: Rule) -> Result<Self> {
        let states = parameters.iter().map(|(name, variable)| {
            let zeros = rule.state_names().iter().map(|_| variable.as_detached_tensor().zeros_like());
            Ok((name.to_owned(), zeros.collect::<Result<_>>()?))
        });
        Ok(DeviceOptimizer { rule, steps: 0, states: states.collect::<Result<_>>()? })
    }

    /// Restores an optimizer after `steps` steps from its [`state`](DeviceOptimizer::state), or from that of an
    /// optimizer of the host.
    ///
    /// # Errors
    /// If a part of the state is missing or has a wrong length; the message names it.
    pub(crate) fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        rule: Rule,
        steps: u64,
        state: &BTreeMap<String, V>,
    ) -> Result<Self> {
        let states = parameters.iter().map(|(name, variable)| {
            let tensors = rule.state_names().iter().map(|kind| {
                let values = restored_values(state, &state_key(kind, name), variable.elem_count())?;
                Tensor::from_vec(values, variable.shape(), variable.device())
            });
            Ok((name.to_owned(), tensors.collect::<Result<_>>()?))
        });
        Ok(DeviceOptimizer { rule, steps, states: states.collect::<Result<_>>()? })
    }

    /// Applies one step with the learning rate `rate` and the gradients multiplied by `scale`, a scalar. Parameters
    /// without a gradient do not change.
    ///
    /// # Errors
    /// If the optimizer was created for other parameters, or Candle returns an error.
    pub(crate) fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        rate: f64,
        scale: Option<&Tensor>,
    ) -> Result<()> {
        self.steps += 1;
        let step = self.rule.at(self.steps, rate, 1.0);
        for ((name, variable), gradient) in parameters.iter().zip(gradients.tensors(parameters.iter())?) {
            let Some(gradient) = gradient else { continue };
            let Some(state) = self.states.get_mut(name) else {
                candle_core::bail!(
                    "the optimizer has no state for the parameter `{name}`; it was created for other parameters"
                );
            };
            let gradient = match scale {
                Some(scale) => gradient.broadcast_mul(scale)?,
                None => gradient.clone(),
            };
            let weights = variable.as_detached_tensor();
            let updated = match (step, state.as_mut_slice()) {
                (RuleStep::Sgd(rule), [velocity]) => sgd(rule, &weights, velocity, &gradient)?,
                (RuleStep::Adam(rule), [first, second]) => adam(rule, &weights, [first, second], &gradient)?,
                (RuleStep::Sgd(_) | RuleStep::Adam(_), state) => {
                    unreachable!("the state has {} tensors, which does not fit the rule", state.len())
                }
            };
            variable.set(&updated)?;
        }
        Ok(())
    }

    /// Returns the number of steps so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Reads the state of every parameter from the device, by the names of
    /// [`Optimizer::state`](crate::candle::Optimizer::state).
    ///
    /// # Errors
    /// If Candle returns an error.
    pub(crate) fn state(&self) -> Result<Memory<'static>> {
        let of_parameter = |(name, state): (&String, &Vec<Tensor>)| {
            let names = self.rule.state_names().iter().map(|kind| state_key(kind, name)).collect::<Vec<_>>();
            names.into_iter().zip(state.clone())
        };
        let named = self.states.iter().flat_map(of_parameter);
        named.map(|(name, tensor)| Ok((name, Cow::Owned(read_back(&tensor)?)))).collect()
    }
}

/// Returns the weights after a step, and updates their velocity; see [`Sgd::apply`].
fn sgd(rule: Sgd, weights: &Tensor, velocity: &mut Tensor, gradient: &Tensor) -> Result<Tensor> {
    *velocity = map(Function::SgdVelocity(rule), [velocity, gradient, gradient])?;
    map(Function::SgdWeight(rule), [weights, velocity, gradient])
}

/// Returns the weights after a step, and updates their moments; see [`Adam::apply`]. Small moments are not set to zero,
/// because denormal numbers are as fast as others on a GPU.
fn adam(rule: Adam, weights: &Tensor, [first, second]: [&mut Tensor; 2], gradient: &Tensor) -> Result<Tensor> {
    *first = map(Function::AdamFirst(rule), [first, gradient, gradient])?;
    *second = map(Function::AdamSecond(rule), [second, gradient, gradient])?;
    map(Function::AdamWeight(rule), [weights, first, second])
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::{
        candle::{
            Optimizer,
            example::{gradients, parameters},
        },
        numeric::example::noise,
    };

    const RULES: [Rule; 4] = [
        Rule::Sgd { momentum: 0.9, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: true },
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        Rule::AdamW { beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weight_decay: 0.1 },
    ];

    /// Takes a step along gradients with a learning rate.
    type Step = Box<dyn FnMut(&Parameters, &Gradients, f64)>;

    /// Trains two of three parameters for four steps, the last two by `last`, and returns all values.
    fn trained(rule: Rule, last: fn(&Parameters, Optimizer) -> Step) -> Vec<f32> {
        let parameters = parameters(&[("a", noise(7, 1)), ("b", noise(1001, 2)), ("c", noise(3, 3))]);
        let gradients = |step: u32| gradients(&parameters, &[noise(7, 10 + step), noise(1001, 20 + step)]);
        let mut optimizer = Optimizer::new(&parameters, rule);
        for step in 1..=2 {
            optimizer.step(&parameters, &gradients(step), 0.01, 0.5).expect("equal shapes");
        }
        let mut last = last(&parameters, optimizer);
        for step in 3..=4 {
            last(&parameters, &gradients(step), 0.005);
        }
        parameters.to_weights().expect("on the CPU").values().flatten().copied().collect()
    }

    #[test]
    fn a_run_of_the_host_continues_with_the_same_steps() {
        for rule in RULES {
            let host = trained(rule, |_, mut optimizer| {
                Box::new(move |parameters, gradients, rate| {
                    optimizer.step(parameters, gradients, rate, 0.5).expect("equal shapes");
                })
            });
            let device = trained(rule, |parameters, optimizer| {
                let (rule, steps, state) = (optimizer.rule(), optimizer.steps(), optimizer.state());
                let restored = DeviceOptimizer::restore(parameters, rule, steps, &state).expect("a complete state");
                // Through the saved state once more, as between two runs on the device.
                let state = restored.state().expect("on the CPU");
                let mut optimizer = DeviceOptimizer::restore(parameters, rule, steps, &state).expect("complete");
                let scale = Tensor::new(0.5f32, &Device::Cpu).expect("small");
                Box::new(move |parameters, gradients, rate| {
                    optimizer.step(parameters, gradients, rate, Some(&scale)).expect("equal shapes");
                })
            });
            for (device, host) in device.iter().zip(&host) {
                assert!((device - host).abs() <= 2e-6, "{rule:?}: {device}, on the host {host}");
            }
        }
    }

    #[test]
    fn the_state_of_other_parameters_is_rejected_by_name() {
        let (mine, other) = (parameters(&[("w", vec![1.0])]), parameters(&[("v", vec![1.0])]));
        let mut optimizer = DeviceOptimizer::new(&mine, RULES[0]).expect("small");
        let error = optimizer.step(&other, &gradients(&other, &[vec![1.0]]), 0.1, None).expect_err("another network");
        assert!(error.to_string().contains("no state for the parameter `v`"), "{error}");
        let state = optimizer.state().expect("on the CPU");
        let error = DeviceOptimizer::restore(&other, RULES[0], 1, &state).map(|_| ()).expect_err("another network");
        assert!(error.to_string().contains("no `velocity/v`"), "{error}");
    }
}
