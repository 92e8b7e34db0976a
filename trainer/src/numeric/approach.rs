//! The step of a moving average.

use super::{
    spread::{PART, spread},
    vectorized::vectorized,
};

/// Goes this share of the way from an average to the weights, on several cores.
///
/// # Panics
/// If there are not as many of both.
pub(crate) fn approach(average: &mut [f32], weights: &[f32], share: f32) {
    assert_eq!(average.len(), weights.len(), "a weight for every number of the average");
    let parts = average.chunks_mut(PART).zip(weights.chunks(PART)).collect();
    spread(16 * PART, parts, |(average, weights)| approach_part(average, weights, share));
}

fn approach_part(average: &mut [f32], weights: &[f32], share: f32) {
    vectorized(
        #[inline(always)]
        || {
            for (average, weight) in average.iter_mut().zip(weights) {
                *average += share * (weight - *average);
            }
        },
    );
}
