//! Functions of one number over slices, and the chain rule through them.

use super::{vectorized::vectorized, write::Write};

/// `y = f(x)`.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn map(x: &[f32], y: &mut [f32], function: impl Fn(f32) -> f32) {
    assert_eq!(x.len(), y.len(), "a result for every number");
    vectorized(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = function(x);
            }
        },
    );
}

/// `dx = f'(x) dy`, or `dx += f'(x) dy`, for `y = f(x)` and the slope as a function of `x` and `y`.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn chain(x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], how: Write, slope: impl Fn(f32, f32) -> f32) {
    let lengths = [y.len(), dy.len(), dx.len()];
    assert!(lengths.into_iter().all(|length| length == x.len()), "a gradient for every number: {lengths:?}");
    vectorized(
        #[inline(always)]
        || {
            let slopes = x.iter().zip(y).zip(dy).zip(dx);
            match how {
                Write::Set => {
                    for (((&x, &y), dy), dx) in slopes {
                        *dx = slope(x, y) * dy;
                    }
                }
                Write::Add => {
                    for (((&x, &y), dy), dx) in slopes {
                        *dx += slope(x, y) * dy;
                    }
                }
            }
        },
    );
}
