//! Whether numbers are such as a model takes, and how far they reach: many at a time, while they are in cache.

use crate::reading::Missing;

/// Numbers that are looked at together.
const LANES: usize = 16;

/// Every bit of the exponent: set in infinities and in NaN alone.
const EXPONENT: u32 = 0x7f80_0000;

/// The place of the first number that may not be: an infinity, or NaN that stands for nothing missing.
pub(crate) fn first_wrong(numbers: &[f32], missing: Missing) -> Option<usize> {
    let is_wrong = |value: f32| value.is_infinite() || (value.is_nan() && missing == Missing::Refuse);
    // Most numbers are finite: a branch for each would cost more than looking twice at those that are not.
    let is_finite =
        |numbers: &[f32]| numbers.iter().fold(true, |so_far, value| so_far & (value.to_bits() & EXPONENT != EXPONENT));
    let blocks = numbers.chunks(64 * LANES).enumerate().filter(|(_, block)| !is_finite(block));
    let places = blocks.filter_map(|(block, numbers)| {
        numbers.iter().position(|&value| is_wrong(value)).map(|place| block * 64 * LANES + place)
    });
    places.into_iter().next()
}

/// The lowest and the highest of the numbers that were added.
#[derive(Debug, Clone)]
pub(crate) struct Reach {
    low: [f32; LANES],
    high: [f32; LANES],
}

impl Reach {
    pub(crate) fn new() -> Self {
        Reach { low: [f32::INFINITY; LANES], high: [f32::NEG_INFINITY; LANES] }
    }

    /// NaN is passed over.
    pub(crate) fn add(&mut self, numbers: &[f32]) {
        let (groups, rest) = numbers.as_chunks::<LANES>();
        for group in groups {
            for (low, &value) in self.low.iter_mut().zip(group) {
                *low = if value < *low { value } else { *low };
            }
            for (high, &value) in self.high.iter_mut().zip(group) {
                *high = if value > *high { value } else { *high };
            }
        }
        for ((&value, low), high) in rest.iter().zip(&mut self.low).zip(&mut self.high) {
            (*low, *high) = (low.min(value), high.max(value));
        }
    }

    /// Infinite, the wrong way round, where nothing was added.
    pub(crate) fn ends(&self) -> (f32, f32) {
        let low = self.low.iter().copied().fold(f32::INFINITY, f32::min);
        (low, self.high.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_missing_is_wrong_only_where_nothing_may_be() {
        let numbers = [1.0, f32::NAN, f32::NEG_INFINITY];
        assert_eq!(first_wrong(&numbers, Missing::Refuse), Some(1));
        assert_eq!(first_wrong(&numbers, Missing::Mean), Some(2));
        assert_eq!(first_wrong(&numbers[..1], Missing::Refuse), None);
    }

    proptest! {
        #[test]
        fn the_first_wrong_number_is_found_wherever_it_is(length in 1usize..5000, place in 0usize..5000) {
            let mut numbers = vec![f32::MAX; length];
            let expected = (place < length).then_some(place);
            numbers.iter_mut().skip(place).for_each(|number| *number = f32::INFINITY);
            prop_assert_eq!(first_wrong(&numbers, Missing::Keep), expected);
        }

        #[test]
        fn ends_are_those_of_all_numbers(numbers in prop::collection::vec(-1e6f32..1e6, 0..100)) {
            let mut reach = Reach::new();
            let (one, other) = numbers.split_at(numbers.len() / 3);
            reach.add(one);
            reach.add(&[f32::NAN]);
            reach.add(other);
            let low = numbers.iter().copied().fold(f32::INFINITY, f32::min);
            let high = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            prop_assert_eq!(reach.ends(), (low, high));
        }
    }
}
