//! Scale and shift of channels. Values are stored with the channels last.

use super::{vectorized::vectorized, write::Write};

/// Computes `y = x * weight + bias` for every channel.
///
/// # Panics
/// If `x` and `y`, or `weight` and `bias`, differ in length.
pub(crate) fn scale_channels(x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    assert_eq!((x.len(), weight.len()), (y.len(), bias.len()), "one result per value, one bias per weight");
    let channels = weight.len().max(1);
    vectorized(
        #[inline(always)]
        || {
            for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
                for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                    *y = x * weight + bias;
                }
            }
        },
    );
}

/// Computes the gradient of [`scale_channels`]: `dx = dy * weight`.
///
/// # Panics
/// If `dy` and `dx` differ in length.
pub(crate) fn scale_channels_gradient(dy: &[f32], weight: &[f32], dx: &mut [f32], how: Write) {
    assert_eq!(dy.len(), dx.len(), "one gradient per value");
    let channels = weight.len().max(1);
    vectorized(
        #[inline(always)]
        || {
            for (dx, dy) in dx.chunks_exact_mut(channels).zip(dy.chunks_exact(channels)) {
                for ((dx, dy), weight) in dx.iter_mut().zip(dy).zip(weight) {
                    how.write(dx, dy * weight);
                }
            }
        },
    );
}
