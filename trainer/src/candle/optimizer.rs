//! Takes the steps of a [`Rule`], in place and in one pass over all parameters.

use std::collections::BTreeMap;

use candle_core::Result;

use super::{
    borrowed::Borrowed,
    gradients::Gradients,
    memory::{memory_name, recalled},
    parameters::Parameters,
};
use crate::numeric::{Rule, Update, take_steps};

/// A rule with what it remembers.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    steps: u64,
    /// By parameter, in the order of [`Rule::memories`].
    memories: BTreeMap<String, Vec<Vec<f32>>>,
    /// By parameter, its steps in units of those of all; those of 1 are left out.
    paces: BTreeMap<String, f64>,
}

impl Optimizer {
    /// A fresh optimizer for these parameters.
    pub fn new(parameters: &Parameters, rule: Rule) -> Self {
        let memories = parameters.iter().map(|(name, variable)| {
            let zeros = vec![vec![0f32; variable.elem_count()]; rule.memories().len()];
            (name.to_owned(), zeros)
        });
        Optimizer { rule, steps: 0, memories: memories.collect(), paces: BTreeMap::new() }
    }

    /// An optimizer that goes on after `steps` steps, from what [`state`](Optimizer::state) gave then.
    /// Other names in `state` are left alone.
    ///
    /// # Errors
    /// If something is missing or has another length; the message names it.
    pub fn restore<V: AsRef<[f32]>>(
        parameters: &Parameters,
        rule: Rule,
        steps: u64,
        state: &BTreeMap<String, V>,
    ) -> Result<Self> {
        let memories = parameters.iter().map(|(name, variable)| {
            let kinds = rule.memories().iter();
            let memory = kinds.map(|kind| recalled(state, &memory_name(kind, name), variable.elem_count()));
            Ok((name.to_owned(), memory.collect::<Result<_>>()?))
        });
        Ok(Optimizer { rule, steps, memories: memories.collect::<Result<_>>()?, paces: BTreeMap::new() })
    }

    /// The same, with steps of the parameters that `is_meant` that are `pace` times those of all others.
    pub fn with_rate_factor(mut self, rate_factor: f64, is_meant: impl Fn(&str) -> bool) -> Self {
        let meant = self.memories.keys().filter(|name| is_meant(name)).map(|name| (name.clone(), rate_factor));
        self.paces = meant.collect();
        self
    }

    /// One step of size `rate` along `scale` times `gradients`; a parameter without a gradient stays as it
    /// is. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// For gradients of another length or type, and parameters that the optimizer was not made for; then no
    /// parameter has moved.
    pub fn step(&mut self, parameters: &Parameters, gradients: &Gradients, rate: f64, scale: f32) -> Result<()> {
        self.steps += 1;
        let (rule, steps_taken) = (self.rule, self.steps);
        let mut memories: BTreeMap<&str, &mut [Vec<f32>]> =
            self.memories.iter_mut().map(|(name, memory)| (name.as_str(), memory.as_mut_slice())).collect();
        gradients.read(|gradients| {
            let mut steps = Vec::new();
            for ((name, variable), gradient) in parameters.iter().zip(gradients) {
                let Some(gradient) = *gradient else { continue };
                let Some(memory) = memories.remove(name) else {
                    candle_core::bail!("the optimizer was not made for a parameter `{name}`");
                };
                let count = variable.elem_count();
                let mut lengths = memory.iter().map(Vec::len).chain([gradient.len()]);
                if let Some(length) = lengths.find(|&length| length != count) {
                    candle_core::bail!("{count} weights of `{name}` cannot take a step of {length}");
                }
                let step = rule.at(steps_taken, rate * self.paces.get(name).unwrap_or(&1.0), scale);
                steps.push((Borrowed::from(variable)?, gradient, memory, step));
            }
            take_steps(steps.iter_mut().map(|(weights, gradient, memory, step)| Update {
                weights,
                gradient,
                memory,
                step: *step,
            }));
            Ok(())
        })?
    }

    /// Steps that were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A copy of what the rule remembers: `first/NAME` and `second/NAME` of Adam and AdamW,
    /// `velocity/NAME` of gradient descent, for every parameter.
    pub fn state(&self) -> BTreeMap<String, Vec<f32>> {
        self.remembered().map(|(name, values)| (name, values.to_vec())).collect()
    }

    /// The same, where it lies.
    pub(crate) fn remembered(&self) -> impl Iterator<Item = (String, &[f32])> {
        self.memories.iter().flat_map(|(name, memory)| {
            let names = self.rule.memories().iter().map(move |kind| memory_name(kind, name));
            names.zip(memory.iter().map(Vec::as_slice))
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
            PART,
            example::{noise, on_one_and_three_threads},
        },
    };

    const RULES: [Rule; 4] = [
        Rule::Sgd { momentum: 0.9, nesterov: false },
        Rule::Sgd { momentum: 0.9, nesterov: true },
        Rule::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
        Rule::AdamW { beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weight_decay: 0.1 },
    ];

    /// Two parameters, the second of several parts.
    fn two() -> Parameters {
        parameters(&[("a", noise(7, 1)), ("b", noise(3 * PART + 5, 2))])
    }

    fn walk(optimizer: &mut Optimizer, parameters: &Parameters, steps: std::ops::RangeInclusive<u32>) -> Weights {
        for step in steps {
            let gradients = gradients(parameters, &[noise(7, 10 + step), noise(3 * PART + 5, 20 + step)]);
            optimizer.step(parameters, &gradients, 0.01 / f64::from(step), 0.5).expect("equal shapes");
        }
        parameters.to_weights().expect("on the CPU")
    }

    #[test]
    fn a_restored_optimizer_goes_on_with_the_same_bits() {
        for rule in RULES {
            let straight = two();
            let expected = walk(&mut Optimizer::new(&straight, rule), &straight, 1..=5);

            let broken = two();
            let mut before = Optimizer::new(&broken, rule);
            walk(&mut before, &broken, 1..=3);
            let mut after = Optimizer::restore(&broken, rule, before.steps(), &before.state()).expect("all is there");
            assert!(walk(&mut after, &broken, 4..=5) == expected, "{rule:?}");
            assert_eq!(after.steps(), 5);

            let mut forgetful = Optimizer::new(&broken, rule);
            assert!(walk(&mut forgetful, &broken, 4..=5) != expected, "{rule:?} remembers nothing");
        }
    }

    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        for rule in RULES {
            let (one, three) = on_one_and_three_threads(|| {
                let parameters = two();
                walk(&mut Optimizer::new(&parameters, rule), &parameters, 1..=3)
            });
            assert!(one == three, "{rule:?}");
        }
    }

    #[test]
    fn a_scale_is_a_factor_of_the_gradients() {
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
    fn a_pace_is_a_factor_of_the_steps_of_the_parameters_that_are_meant() {
        for rule in RULES {
            let moved = |rate_factor: f64, rate: f64| {
                let parameters = two();
                let gradients = gradients(&parameters, &[noise(7, 3), noise(3 * PART + 5, 4)]);
                let mut optimizer = Optimizer::new(&parameters, rule).with_rate_factor(rate_factor, |name| name == "a");
                optimizer.step(&parameters, &gradients, rate, 1.0).expect("equal shapes");
                parameters.to_weights().expect("on the CPU")
            };
            let (slow, even) = (moved(0.5, 0.1), moved(1.0, 0.1));
            assert_eq!((&slow["a"], &slow["b"]), (&moved(1.0, 0.05)["a"], &even["b"]), "{rule:?}");
            assert_ne!(slow["a"], even["a"], "{rule:?}");
        }
    }

    #[test]
    fn a_state_of_another_rule_or_network_is_refused_by_name() {
        let parameters = parameters(&[("a", vec![1.0; 3])]);
        let state = Optimizer::new(&parameters, RULES[0]).state();
        assert_eq!(state.keys().collect::<Vec<_>>(), ["velocity/a"]);
        let message = |rule, state| {
            Optimizer::restore(&parameters, rule, 1, state).map(|_| ()).expect_err("another state").to_string()
        };
        assert!(message(Rule::default(), &state).contains("no `first/a`"));
        let short = BTreeMap::from([("velocity/a".to_owned(), vec![0.0])]);
        assert!(message(RULES[0], &short).contains("1 numbers in `velocity/a`, not 3"));
    }

    #[test]
    fn a_parameter_without_a_gradient_stays_as_it_is() {
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
