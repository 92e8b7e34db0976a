//! The steps of an optimizer over slices, on several cores.

use super::{
    adam::Adam,
    rule::RuleStep,
    sgd::Sgd,
    spread::{PART, spread},
};

/// About how many floating point operations the update of a number is worth: it waits for memory.
const WORK: usize = 20;

/// The step of one parameter: slices of one length.
pub(crate) struct Update<'a> {
    pub(crate) weights: &'a mut [f32],
    pub(crate) gradient: &'a [f32],
    /// What the rule remembers, in the order of [`Rule::memories`](super::Rule).
    pub(crate) memory: &'a mut [Vec<f32>],
    pub(crate) step: RuleStep,
}

/// Takes all these steps as one piece of work, without a pause between two parameters.
///
/// # Panics
/// If a memory is that of another rule, or slices of one step differ in length.
pub(crate) fn take_steps<'a>(updates: impl IntoIterator<Item = Update<'a>>) {
    let parts: Vec<Part<'a>> = updates.into_iter().flat_map(Update::parts).collect();
    spread(PART * WORK, parts, Part::take);
}

/// Numbers that are updated by one core.
enum Part<'a> {
    Sgd { rule: Sgd, weights: &'a mut [f32], gradient: &'a [f32], velocity: &'a mut [f32] },
    Adam { rule: Adam, weights: &'a mut [f32], gradient: &'a [f32], first: &'a mut [f32], second: &'a mut [f32] },
}

impl<'a> Update<'a> {
    fn parts(self) -> Vec<Part<'a>> {
        let Update { weights, gradient, memory, step } = self;
        let lengths = memory.iter().map(Vec::len).chain([gradient.len()]);
        assert!(lengths.into_iter().all(|length| length == weights.len()), "a step of one length");
        let pairs = weights.chunks_mut(PART).zip(gradient.chunks(PART));
        match (step, memory) {
            (RuleStep::Sgd(rule), [velocity]) => {
                let parts = pairs.zip(velocity.chunks_mut(PART));
                parts.map(|((weights, gradient), velocity)| Part::Sgd { rule, weights, gradient, velocity }).collect()
            }
            (RuleStep::Adam(rule), [first, second]) => {
                let parts = pairs.zip(first.chunks_mut(PART)).zip(second.chunks_mut(PART));
                parts
                    .map(|(((weights, gradient), first), second)| Part::Adam { rule, weights, gradient, first, second })
                    .collect()
            }
            (RuleStep::Sgd(_) | RuleStep::Adam(_), memory) => {
                unreachable!("a rule is given the memory that it asked for, not {} slices", memory.len())
            }
        }
    }
}

impl Part<'_> {
    fn take(self) {
        match self {
            Part::Sgd { rule, weights, gradient, velocity } => rule.apply(weights, velocity, gradient),
            Part::Adam { rule, weights, gradient, first, second } => rule.apply(weights, first, second, gradient),
        }
    }
}
