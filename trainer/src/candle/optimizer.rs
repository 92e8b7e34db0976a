//! Takes the steps of a [`Rule`], in place and in one pass over each parameter.

use std::{cell::RefCell, collections::BTreeMap};

use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Result, backprop::GradStore};
use rayon::prelude::*;

use super::{
    Parameters,
    floats::PART,
    memory::{memory_name, recalled},
    rule::{Kernel, Rule},
};

/// A rule with what it remembers.
#[derive(Debug)]
pub struct Optimizer {
    rule: Rule,
    steps: u64,
    /// By parameter, in the order of [`Rule::memories`].
    memories: BTreeMap<String, RefCell<Vec<Vec<f32>>>>,
}

impl Optimizer {
    /// A fresh optimizer for these parameters.
    pub fn new(parameters: &Parameters, rule: Rule) -> Self {
        let memories = parameters.iter().map(|(name, variable)| {
            let zeros = vec![vec![0f32; variable.elem_count()]; rule.memories().len()];
            (name.to_owned(), RefCell::new(zeros))
        });
        Optimizer { rule, steps: 0, memories: memories.collect() }
    }

    /// An optimizer that goes on after `steps` steps, from what [`state`](Optimizer::state) gave then.
    /// Other names in `state` are left alone.
    ///
    /// # Errors
    /// If something is missing or has another length; the message names it.
    pub fn restore(
        parameters: &Parameters,
        rule: Rule,
        steps: u64,
        state: &BTreeMap<String, Vec<f32>>,
    ) -> Result<Self> {
        let memories = parameters.iter().map(|(name, variable)| {
            let kinds = rule.memories().iter();
            let memory = kinds.map(|kind| recalled(state, &memory_name(kind, name), variable.elem_count()));
            Ok((name.to_owned(), RefCell::new(memory.collect::<Result<_>>()?)))
        });
        Ok(Optimizer { rule, steps, memories: memories.collect::<Result<_>>()? })
    }

    /// One step of size `rate` along `scale` times `gradients`; a parameter without a gradient stays as it
    /// is. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// For gradients of another length or type, and parameters that the optimizer was not made for.
    pub fn step(&mut self, parameters: &Parameters, gradients: &GradStore, rate: f64, scale: f32) -> Result<()> {
        self.steps += 1;
        let kernel = self.rule.at(self.steps, rate, scale);
        for (name, variable) in parameters.iter() {
            let Some(gradient) = gradients.get(variable) else { continue };
            let Some(memory) = self.memories.get(name) else {
                candle_core::bail!("the optimizer was not made for a parameter `{name}`");
            };
            variable.as_tensor().inplace_op2(&gradient.contiguous()?, &Update { memory, kernel })?;
        }
        Ok(())
    }

    /// Steps that were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A copy of what the rule remembers: `first/NAME` and `second/NAME` of Adam and AdamW,
    /// `velocity/NAME` of gradient descent, for every parameter.
    pub fn state(&self) -> BTreeMap<String, Vec<f32>> {
        let memories = self.memories.iter().flat_map(|(name, memory)| {
            let values = memory.borrow().clone();
            self.rule.memories().iter().map(|kind| memory_name(kind, name)).zip(values)
        });
        memories.collect()
    }
}

/// The update of one parameter.
struct Update<'a> {
    memory: &'a RefCell<Vec<Vec<f32>>>,
    kernel: Kernel,
}

impl InplaceOp2 for Update<'_> {
    fn name(&self) -> &'static str {
        "optimizer"
    }

    fn cpu_fwd(
        &self,
        weights: &mut CpuStorage,
        weights_layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> Result<()> {
        let offsets = (weights_layout.contiguous_offsets(), gradient_layout.contiguous_offsets());
        let (CpuStorage::F32(weights), CpuStorage::F32(gradient), (Some(into), Some(from))) =
            (weights, gradient, offsets)
        else {
            candle_core::bail!("an optimizer updates contiguous {:?} parameters", DType::F32);
        };
        let (weights, gradient) = (&mut weights[into.0..into.1], &gradient[from.0..from.1]);
        let mut memory = self.memory.borrow_mut();
        if let Some(length) =
            memory.iter().map(Vec::len).chain([gradient.len()]).find(|&length| length != weights.len())
        {
            candle_core::bail!("{} weights cannot take a step of {length}", weights.len());
        }
        match (self.kernel, memory.as_mut_slice()) {
            (Kernel::Sgd(sgd), [velocity]) => (weights.par_chunks_mut(PART), velocity.par_chunks_mut(PART))
                .into_par_iter()
                .zip(gradient.par_chunks(PART))
                .for_each(|((weights, velocity), gradient)| sgd.apply(weights, velocity, gradient)),
            (Kernel::Adam(adam), [first, second]) => weights
                .par_chunks_mut(PART)
                .zip(first.par_chunks_mut(PART))
                .zip(second.par_chunks_mut(PART))
                .zip(gradient.par_chunks(PART))
                .for_each(|(((weights, first), second), gradient)| adam.apply(weights, first, second, gradient)),
            (Kernel::Sgd(_) | Kernel::Adam(_), _) => candle_core::bail!("the memory is that of another rule"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        candle::example::{gradients, noise, on_one_and_three_threads, parameters},
        network::Weights,
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
