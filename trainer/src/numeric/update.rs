//! Applies the steps of an optimizer to slices, on several cores.

use super::{
    adam::Adam,
    parallel::{CHUNK, parallel_for_each},
    rule::RuleStep,
    sgd::Sgd,
};

/// Cost of updating one value, in floating point operations. It is higher than their number, because the update is
/// bound by memory bandwidth.
const WORK: usize = 20;

/// The step of one parameter. All slices have the same length.
pub(crate) struct Update<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: &'a [f32],
    /// The state of the rule, in the order of [`Rule::state_names`](super::Rule).
    pub(crate) state: &'a mut [Vec<f32>],
    pub(crate) step: RuleStep,
}

/// Applies all steps as one parallel task, without synchronising between two parameters.
///
/// # Panics
/// If a state belongs to another rule, or the slices of one step differ in length.
pub(crate) fn take_steps<'a>(updates: impl IntoIterator<Item = Update<'a>>) {
    let chunks: Vec<Chunk<'a>> = updates.into_iter().flat_map(Update::chunks).collect();
    parallel_for_each(CHUNK * WORK, chunks, Chunk::take);
}

/// Slices that are updated by one core.
enum Chunk<'a> {
    Sgd { rule: Sgd, weights: &'a mut [f32], gradient: &'a [f32], velocity: &'a mut [f32] },
    Adam { rule: Adam, weights: &'a mut [f32], gradient: &'a [f32], first: &'a mut [f32], second: &'a mut [f32] },
}

impl<'a> Update<'a> {
    fn chunks(self) -> Vec<Chunk<'a>> {
        let Update { weights, gradient, state, step } = self;
        let lengths = state.iter().map(Vec::len).chain([gradient.len()]);
        assert!(lengths.into_iter().all(|length| length == weights.len()), "all slices of a step have the same length");
        let pairs = weights.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK));
        match (step, state) {
            (RuleStep::Sgd(rule), [velocity]) => {
                let chunks = pairs.zip(velocity.chunks_mut(CHUNK));
                chunks.map(|((weights, gradient), velocity)| Chunk::Sgd { rule, weights, gradient, velocity }).collect()
            }
            (RuleStep::Adam(rule), [first, second]) => {
                let chunks = pairs.zip(first.chunks_mut(CHUNK)).zip(second.chunks_mut(CHUNK));
                chunks
                    .map(|(((weights, gradient), first), second)| Chunk::Adam {
                        rule,
                        weights,
                        gradient,
                        first,
                        second,
                    })
                    .collect()
            }
            (RuleStep::Sgd(_) | RuleStep::Adam(_), state) => {
                unreachable!("the state has {} slices, which does not fit the rule", state.len())
            }
        }
    }
}

impl Chunk<'_> {
    fn take(self) {
        match self {
            Chunk::Sgd { rule, weights, gradient, velocity } => rule.apply(weights, velocity, gradient),
            Chunk::Adam { rule, weights, gradient, first, second } => rule.apply(weights, first, second, gradient),
        }
    }
}
