//! The update of an exponential moving average.

use super::{
    parallel::{CHUNK, parallel_for_each},
    vectorized::vectorized,
};

/// Updates an exponential moving average, `average += factor * (weights - average)`, on several cores.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn update_moving_average(average: &mut [f32], weights: &[f32], factor: f32) {
    assert_eq!(average.len(), weights.len(), "one weight per value of the average");
    let chunks = average.chunks_mut(CHUNK).zip(weights.chunks(CHUNK)).collect();
    parallel_for_each(16 * CHUNK, chunks, |(average, weights)| update_chunk(average, weights, factor));
}

fn update_chunk(average: &mut [f32], weights: &[f32], factor: f32) {
    vectorized(
        #[inline(always)]
        || {
            for (average, weight) in average.iter_mut().zip(weights) {
                *average += factor * (weight - *average);
            }
        },
    );
}
