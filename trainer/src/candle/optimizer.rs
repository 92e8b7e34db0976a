//! Applies a [`Rule`] to all parameters, in place and in one pass.

use std::collections::BTreeMap;

use candle_core::Result;

use super::{
    borrowed::Borrowed,
    gradients::Gradients,
    named_state::{restored_values, state_key},
    parameters::Parameters,
};
use crate::numeric::{Rule, Update, take_steps};

/// An optimizer: an update rule with its state.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    steps: u64,
    /// State of each parameter, in the order of [`Rule::state_names`].
    states: BTreeMap<String, Vec<Vec<f32>>>,
    /// Learning-rate factor of each parameter. Parameters with a factor of 1 are left out.
    rate_factors: BTreeMap<String, f64>,
}

impl Optimizer {
    /// Creates an optimizer for the parameters.
    pub fn new(parameters: &Parameters, rule: Rule) -> Self {
        let states = parameters.iter().map(|(name, variable)| {
            let zeros = vec![vec![0f32; variable.elem_count()]; rule.state_names().len()];
            (name.to_owned(), zeros)
        });
        Optimizer { rule, steps: 0, states: states.collect(), rate_factors: BTreeMap::new() }
    }

    /// Restores an optimizer after `steps` steps from its [`state`](Optimizer::state). Other names in `state` are
    /// ignored.
    ///
    /// # Errors
    /// If a part of the state is missing or has a wrong length; the message names it.
    pub fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        rule: Rule,
        steps: u64,
        state: &BTreeMap<String, V>,
    ) -> Result<Self> {
        let states = parameters.iter().map(|(name, variable)| {
            let kinds = rule.state_names().iter();
            let state = kinds.map(|kind| restored_values(state, &state_key(kind, name), variable.elem_count()));
            Ok((name.to_owned(), state.collect::<Result<_>>()?))
        });
        Ok(Optimizer { rule, steps, states: states.collect::<Result<_>>()?, rate_factors: BTreeMap::new() })
    }

    /// Multiplies the learning rate of the selected parameters by `rate_factor`.
    pub fn with_rate_factor(mut self, rate_factor: f64, is_selected: impl Fn(&str) -> bool) -> Self {
        let selected = self.states.keys().filter(|name| is_selected(name)).map(|name| (name.clone(), rate_factor));
        self.rate_factors = selected.collect();
        self
    }

    /// Applies one step with the learning rate `rate` and the gradients multiplied by `scale`. Parameters without a
    /// gradient do not change. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// If a gradient has a wrong length or type, or the optimizer was created for other parameters. In this case no
    /// parameter has changed.
    pub fn step(&mut self, parameters: &Parameters, gradients: &Gradients, rate: f64, scale: f32) -> Result<()> {
        self.steps += 1;
        let (rule, steps_taken) = (self.rule, self.steps);
        let mut states: BTreeMap<&str, &mut [Vec<f32>]> =
            self.states.iter_mut().map(|(name, state)| (name.as_str(), state.as_mut_slice())).collect();
        gradients.read(|gradients| {
            let mut steps = Vec::new();
            for ((name, variable), gradient) in parameters.iter().zip(gradients) {
                let Some(gradient) = *gradient else { continue };
                let Some(state) = states.remove(name) else {
                    candle_core::bail!(
                        "the optimizer has no state for the parameter `{name}`; it was created for other parameters"
                    );
                };
                let count = variable.elem_count();
                let mut lengths = state.iter().map(Vec::len).chain([gradient.len()]);
                if let Some(length) = lengths.find(|&length| length != count) {
                    candle_core::bail!(
                        "parameter `{name}` has {count} values, but its gradient or optimizer state has {length}"
                    );
                }
                let step = rule.at(steps_taken, rate * self.rate_factors.get(name).unwrap_or(&1.0), scale);
                steps.push((Borrowed::from(variable)?, gradient, state, step));
            }
            take_steps(steps.iter_mut().map(|(weights, gradient, state, step)| Update {
                weights,
                gradient,
                state,
                step: *step,
            }));
            Ok(())
        })?
    }

    #[cfg(test)]
    /// Returns the update rule.
    pub(super) fn rule(&self) -> Rule {
        self.rule
    }

    /// Returns the number of steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Returns a copy of the state of every parameter: `first/NAME` and `second/NAME` for Adam and AdamW,
    /// `velocity/NAME` for SGD.
    pub fn state(&self) -> BTreeMap<String, Vec<f32>> {
        self.state_slices().map(|(name, values)| (name, values.to_vec())).collect()
    }

    /// Returns the same state without copying.
    pub(crate) fn state_slices(&self) -> impl Iterator<Item = (String, &[f32])> {
        self.states.iter().flat_map(|(name, state)| {
            let names = self.rule.state_names().iter().map(move |kind| state_key(kind, name));
            names.zip(state.iter().map(Vec::as_slice))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        candle::example::{gradients, parameters},
        network::Weights,
        numeric::{
            CHUNK,
            example::{noise, on_one_and_three_threads},
        },
    };

    const RULES: [Rule; 4] = [
        Rule::Sgd { momentum: 0.9, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: true },
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        Rule::AdamW { beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weight_decay: 0.1 },
    ];

    /// Two parameters; the second one consists of several chunks.
    fn two_parameters() -> Parameters {
        parameters(&[("a", noise(7, 1)), ("b", noise(3 * CHUNK + 5, 2))])
    }

    fn train(optimizer: &mut Optimizer, parameters: &Parameters, steps: std::ops::RangeInclusive<u32>) -> Weights {
        for step in steps {
            let gradients = gradients(parameters, &[noise(7, 10 + step), noise(3 * CHUNK + 5, 20 + step)]);
            optimizer.step(parameters, &gradients, 0.01 / f64::from(step), 0.5).expect("equal shapes");
        }
        parameters.to_weights().expect("on the CPU")
    }

    #[test]
    fn a_restored_optimizer_continues_with_the_same_bits() {
        for rule in RULES {
            let uninterrupted = two_parameters();
            let expected = train(&mut Optimizer::new(&uninterrupted, rule), &uninterrupted, 1..=5);

            let interrupted = two_parameters();
            let mut before = Optimizer::new(&interrupted, rule);
            train(&mut before, &interrupted, 1..=3);
            let mut after =
                Optimizer::restore(&interrupted, rule, before.steps(), &before.state()).expect("a complete state");
            assert!(train(&mut after, &interrupted, 4..=5) == expected, "{rule:?}");
            assert_eq!(after.steps(), 5);

            let mut without_state = Optimizer::new(&interrupted, rule);
            assert!(train(&mut without_state, &interrupted, 4..=5) != expected, "{rule:?}: the state has no effect");
        }
    }

    #[test]
    fn steps_do_not_depend_on_the_number_of_threads() {
        for rule in RULES {
            let (one, three) = on_one_and_three_threads(|| {
                let parameters = two_parameters();
                train(&mut Optimizer::new(&parameters, rule), &parameters, 1..=3)
            });
            assert!(one == three, "{rule:?}");
        }
    }

    #[test]
    fn the_scale_multiplies_the_gradients() {
        for rule in RULES {
            let [scaled, smaller] = [(1.0, 0.25), (0.25, 1.0)].map(|(size, scale)| {
                let parameters = parameters(&[("a", noise(7, 1))]);
                let values = noise(7, 2).iter().map(|value| size * value).collect();
                let gradients = gradients(&parameters, &[values]);
                Optimizer::new(&parameters, rule).step(&parameters, &gradients, 0.1, scale).expect("equal shapes");
                parameters.to_weights().expect("on the CPU")
            });
            assert_eq!(scaled, smaller, "{rule:?}");
        }
    }

    #[test]
    fn the_rate_factor_multiplies_the_learning_rate_of_the_selected_parameters() {
        for rule in RULES {
            let updated = |rate_factor: f64, rate: f64| {
                let parameters = two_parameters();
                let gradients = gradients(&parameters, &[noise(7, 3), noise(3 * CHUNK + 5, 4)]);
                let mut optimizer = Optimizer::new(&parameters, rule).with_rate_factor(rate_factor, |name| name == "a");
                optimizer.step(&parameters, &gradients, rate, 1.0).expect("equal shapes");
                parameters.to_weights().expect("on the CPU")
            };
            let (slow, even) = (updated(0.5, 0.1), updated(1.0, 0.1));
            assert_eq!((&slow["a"], &slow["b"]), (&updated(1.0, 0.05)["a"], &even["b"]), "{rule:?}");
            assert_ne!(slow["a"], even["a"], "{rule:?}");
        }
    }

    #[test]
    fn the_state_of_another_rule_or_network_is_rejected_by_name() {
        let parameters = parameters(&[("a", vec![1.0; 3])]);
        let state = Optimizer::new(&parameters, RULES[0]).state();
        assert_eq!(state.keys().collect::<Vec<_>>(), ["velocity/a"]);
        let message = |rule, state| {
            Optimizer::restore(&parameters, rule, 1, state)
                .map(|_| ())
                .expect_err("a state that does not match")
                .to_string()
        };
        assert!(message(Rule::default(), &state).contains("no `first/a`"));
        let short = BTreeMap::from([("velocity/a".to_owned(), vec![0.0])]);
        assert!(message(RULES[0], &short).contains("`velocity/a` has 1 values, expected 3"));
    }

    #[test]
    fn a_parameter_without_a_gradient_does_not_change() {
        let parameters = parameters(&[("a", vec![1.0]), ("b", vec![1.0])]);
        let gradients = gradients(&parameters, &[vec![1.0]]);
        for rule in RULES {
            Optimizer::new(&parameters, rule).step(&parameters, &gradients, 0.1, 1.0).expect("equal shapes");
        }
        let weights = parameters.to_weights().expect("on the CPU");
        assert!(weights["a"][0] < 1.0);
        assert_eq!(weights["b"][0], 1.0);
    }
}
