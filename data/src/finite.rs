//! Finds values that are not finite, and the range of values. Processes many values at a time, while they are in cache.

use crate::reading::Missing;

/// The number of values that are processed together with SIMD.
const LANES: usize = 16;

/// The bits of the exponent. All of them are set in infinities and NaN only.
const EXPONENT: u32 = 0x7f80_0000;

/// Returns the index of the first invalid value: an infinity, or NaN if `missing` allows no missing values.
pub(crate) fn first_invalid(numbers: &[f32], missing: Missing) -> Option<usize> {
    let is_invalid = |value: f32| value.is_infinite() || (value.is_nan() && missing == Missing::Refuse);
    // Most values are finite. A branch per value would cost more than a second pass over a block that is not finite.
    let is_finite =
        |numbers: &[f32]| numbers.iter().fold(true, |so_far, value| so_far & (value.to_bits() & EXPONENT != EXPONENT));
    let blocks = numbers.chunks(64 * LANES).enumerate().filter(|(_, block)| !is_finite(block));
    let indices = blocks.filter_map(|(block, numbers)| {
        numbers.iter().position(|&value| is_invalid(value)).map(|offset| block * 64 * LANES + offset)
    });
    indices.into_iter().next()
}

/// The running minimum and maximum of the values that were added.
#[derive(Debug, Clone)]
pub(crate) struct Range {
    low: [f32; LANES],
    high: [f32; LANES],
}

impl Range {
    pub(crate) fn new() -> Self {
        Range { low: [f32::INFINITY; LANES], high: [f32::NEG_INFINITY; LANES] }
    }

    /// Adds values. Skips NaN.
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

    /// Returns the minimum and the maximum. They are `(inf, -inf)` if no value was added.
    pub(crate) fn bounds(&self) -> (f32, f32) {
        let low = self.low.iter().copied().fold(f32::INFINITY, f32::min);
        (low, self.high.iter().copied().fold(f32::NEG_INFINITY, f32::max))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nan_is_invalid_only_if_missing_values_are_refused() {
        let numbers = [1.0, f32::NAN, f32::NEG_INFINITY];
        assert_eq!(first_invalid(&numbers, Missing::Refuse), Some(1));
        assert_eq!(first_invalid(&numbers, Missing::Mean), Some(2));
        assert_eq!(first_invalid(&numbers[..1], Missing::Refuse), None);
    }

    proptest! {
        #[test]
        fn the_first_invalid_value_is_found_at_every_index(length in 1usize..5000, index in 0usize..5000) {
            let mut numbers = vec![f32::MAX; length];
            let expected = (index < length).then_some(index);
            numbers.iter_mut().skip(index).for_each(|number| *number = f32::INFINITY);
            prop_assert_eq!(first_invalid(&numbers, Missing::Keep), expected);
        }

        #[test]
        fn bounds_are_the_minimum_and_maximum_of_all_values(numbers in prop::collection::vec(-1e6f32..1e6, 0..100)) {
            let mut range = Range::new();
            let (one, other) = numbers.split_at(numbers.len() / 3);
            range.add(one);
            range.add(&[f32::NAN]);
            range.add(other);
            let low = numbers.iter().copied().fold(f32::INFINITY, f32::min);
            let high = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            prop_assert_eq!(range.bounds(), (low, high));
        }
    }
}
