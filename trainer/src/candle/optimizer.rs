//! Takes the steps of a [`Rule`], in place and in one pass over all parameters.

use std::{cell::Cell, collections::BTreeMap};

use candle_core::{CpuStorage, DType, InplaceOp1, Layout, Result, Var};

use super::{
    Gradients, Parameters,
    memory::{memory_name, recalled},
};
use crate::numeric::{Kernel, PART, Rule, spread};

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
    pub fn at_pace(mut self, pace: f64, is_meant: impl Fn(&str) -> bool) -> Self {
        let meant = self.memories.keys().filter(|name| is_meant(name)).map(|name| (name.clone(), pace));
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
        let (rule, steps) = (self.rule, self.steps);
        let mut memories: BTreeMap<&str, &mut [Vec<f32>]> =
            self.memories.iter_mut().map(|(name, memory)| (name.as_str(), memory.as_mut_slice())).collect();
        gradients.read(|gradients| {
            let mut updates = Vec::new();
            for ((name, variable), gradient) in parameters.iter().zip(gradients) {
                let Some(gradient) = gradient else { continue };
                let Some(memory) = memories.remove(name) else {
                    candle_core::bail!("the optimizer was not made for a parameter `{name}`");
                };
                let count = variable.elem_count();
                let mut lengths = memory.iter().map(Vec::len).chain([gradient.len()]);
                if let Some(length) = lengths.find(|&length| length != count) {
                    candle_core::bail!("{count} weights of `{name}` cannot take a step of {length}");
                }
                let kernel = rule.at(steps, rate * self.paces.get(name).unwrap_or(&1.0), scale);
                updates.push(Update { variable, gradient, memory, kernel });
            }
            all_at_once(updates.into_iter(), Vec::new())
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

/// The update of one parameter.
struct Update<'a> {
    variable: &'a Var,
    gradient: &'a [f32],
    memory: &'a mut [Vec<f32>],
    kernel: Kernel,
}

/// Numbers that are updated by one core.
struct Part<'a> {
    weights: &'a mut [f32],
    gradient: &'a [f32],
    memory: Memory<'a>,
    kernel: Kernel,
}

enum Memory<'a> {
    One(&'a mut [f32]),
    Two(&'a mut [f32], &'a mut [f32]),
}

/// Takes every `update`, and those that `reached` their weights already.
///
/// Candle shows the weights of a variable to an operation on that variable alone. So the operation on the
/// first reaches for the second, and so on, until the last one has all of them at hand, and the cores share
/// them without a pause between two parameters.
fn all_at_once<'a>(mut updates: std::vec::IntoIter<Update<'a>>, reached: Vec<Part<'a>>) -> Result<()> {
    let Some(update) = updates.next() else {
        spread(PART * WORK, reached, Part::take);
        return Ok(());
    };
    update.variable.inplace_op1(&Reach { waiting: Cell::new(Some((update, updates, reached))) })
}

/// About how many floating point operations the update of a number is worth: it waits for memory.
const WORK: usize = 20;

struct Reach<'a> {
    waiting: Cell<Option<Waiting<'a>>>,
}

/// The update whose weights are reached for, those that come after it, and those that have theirs.
type Waiting<'a> = (Update<'a>, std::vec::IntoIter<Update<'a>>, Vec<Part<'a>>);

impl InplaceOp1 for Reach<'_> {
    fn name(&self) -> &'static str {
        "optimizer"
    }

    fn cpu_fwd(&self, weights: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(weights), Some((start, end))) = (weights, layout.contiguous_offsets()) else {
            candle_core::bail!("an optimizer updates contiguous {:?} parameters", DType::F32);
        };
        let Some((update, updates, mut reached)) = self.waiting.take() else {
            candle_core::bail!("an optimizer's step is taken once");
        };
        let kernel = update.kernel;
        let pairs = weights[start..end].chunks_mut(PART).zip(update.gradient.chunks(PART));
        match (kernel, update.memory) {
            (Kernel::Sgd(_), [velocity]) => {
                reached.extend(pairs.zip(velocity.chunks_mut(PART)).map(|((weights, gradient), velocity)| Part {
                    weights,
                    gradient,
                    memory: Memory::One(velocity),
                    kernel,
                }))
            }
            (Kernel::Adam(_), [first, second]) => {
                reached.extend(pairs.zip(first.chunks_mut(PART)).zip(second.chunks_mut(PART)).map(
                    |(((weights, gradient), first), second)| Part {
                        weights,
                        gradient,
                        memory: Memory::Two(first, second),
                        kernel,
                    },
                ))
            }
            (Kernel::Sgd(_) | Kernel::Adam(_), _) => candle_core::bail!("the memory is that of another rule"),
        }
        all_at_once(updates, reached)
    }
}

impl Part<'_> {
    fn take(self) {
        match (self.kernel, self.memory) {
            (Kernel::Sgd(sgd), Memory::One(velocity)) => sgd.apply(self.weights, velocity, self.gradient),
            (Kernel::Adam(adam), Memory::Two(first, second)) => adam.apply(self.weights, first, second, self.gradient),
            // A part has the memory of its rule.
            (Kernel::Sgd(_), Memory::Two(..)) | (Kernel::Adam(_), Memory::One(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        candle::example::{gradients, parameters},
        network::Weights,
        numeric::example::{noise, on_one_and_three_threads},
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
            let moved = |pace: f64, rate: f64| {
                let parameters = two();
                let gradients = gradients(&parameters, &[noise(7, 3), noise(3 * PART + 5, 4)]);
                let mut optimizer = Optimizer::new(&parameters, rule).at_pace(pace, |name| name == "a");
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
