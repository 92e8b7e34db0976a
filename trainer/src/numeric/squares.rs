//! Sums of squares. They are added in a fixed order, so the bits do not depend on the number of cores.

use super::{
    lanes::{LANES, add_to_lanes},
    parallel::{CHUNK, parallel_for_each},
    vectorized::vectorized,
};

/// Returns the sum of squares of each slice, and `None` for each `None`.
pub(crate) fn sums_of_squares(slices: &[Option<&[f32]>]) -> Vec<Option<f64>> {
    let zeros = |slice: &[f32]| vec![0.0; slice.len().div_ceil(CHUNK)];
    let mut sums: Vec<Option<Vec<f64>>> = slices.iter().map(|slice| slice.map(zeros)).collect();
    let all = slices.iter().zip(&mut sums).filter_map(|(slice, sums)| slice.zip(sums.as_mut()));
    let items = all.flat_map(|(slice, sums)| slice.chunks(CHUNK).zip(sums)).collect();
    parallel_for_each(2 * CHUNK, items, |(chunk, sum)| *sum = sum_of_squares(chunk));
    sums.into_iter().map(|sums| sums.map(|sums| sums.iter().sum())).collect()
}

/// Returns the sum of squares of the values, computed on one core.
pub(crate) fn sum_of_squares(values: &[f32]) -> f64 {
    let mut sums = [0f64; LANES];
    vectorized(
        #[inline(always)]
        || add_to_lanes(&mut sums, values, |value| value * value),
    );
    sums.iter().sum()
}
