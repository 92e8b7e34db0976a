//! Sums of squares, added up in a fixed order: the same bits on any number of cores.

use super::{
    lanes::{LANES, add_to_lanes},
    spread::{PART, spread},
    vectorized::vectorized,
};

/// The sum of the squares of each of these slices, where there is one.
pub(crate) fn squares(slices: &[Option<&[f32]>]) -> Vec<Option<f64>> {
    let parts = |slice: &[f32]| vec![0.0; slice.len().div_ceil(PART)];
    let mut sums: Vec<Option<Vec<f64>>> = slices.iter().map(|slice| slice.map(parts)).collect();
    let all = slices.iter().zip(&mut sums).filter_map(|(slice, sums)| slice.zip(sums.as_mut()));
    let items = all.flat_map(|(slice, sums)| slice.chunks(PART).zip(sums)).collect();
    spread(2 * PART, items, |(part, sum)| *sum = square(part));
    sums.into_iter().map(|sums| sums.map(|sums| sums.iter().sum())).collect()
}

/// The sum of the squares of these numbers, on one core.
pub(crate) fn square(values: &[f32]) -> f64 {
    let mut sums = [0f64; LANES];
    vectorized(
        #[inline(always)]
        || add_to_lanes(&mut sums, values, |value| value * value),
    );
    sums.iter().sum()
}
