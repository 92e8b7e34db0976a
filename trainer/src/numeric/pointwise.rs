//! Element-wise functions over slices, and their gradients by the chain rule.

use super::{vectorized::vectorized, write::Write};

/// Computes `y = f(x)` for every element.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn map(x: &[f32], y: &mut [f32], function: impl Fn(f32) -> f32) {
    assert_eq!(x.len(), y.len(), "one result per value");
    vectorized(
        #[inline(always)]
        || {
            for (y, &x) in y.iter_mut().zip(x) {
                *y = function(x);
            }
        },
    );
}

/// Computes `y = f(left, right)` for every pair of elements.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn combine(left: &[f32], right: &[f32], y: &mut [f32], function: impl Fn(f32, f32) -> f32) {
    assert_eq!([left.len(), right.len()], [y.len(); 2], "one result per pair");
    vectorized(
        #[inline(always)]
        || {
            for ((y, &left), &right) in y.iter_mut().zip(left).zip(right) {
                *y = function(left, right);
            }
        },
    );
}

/// Computes `y = x`, or `y += x`.
///
/// # Panics
/// If the slices differ in length.
pub(crate) fn copy(x: &[f32], y: &mut [f32], how: Write) {
    assert_eq!(x.len(), y.len(), "one result per value");
    match how {
        Write::Set => y.copy_from_slice(x),
        Write::Add => vectorized(
            #[inline(always)]
            || {
                for (y, x) in y.iter_mut().zip(x) {
                    *y += x;
                }
            },
        ),
    }
}

/// Computes `dx = f'(x) dy`, or `dx += f'(x) dy`, for `y = f(x)`. `slope` is the derivative `f'` as a function of
/// `x` and `y`.
///
/// # Panics
/// If the slices differ in length.
#[inline(always)]
pub(crate) fn chain(x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32], how: Write, slope: impl Fn(f32, f32) -> f32) {
    let lengths = [y.len(), dy.len(), dx.len()];
    assert!(lengths.into_iter().all(|length| length == x.len()), "one gradient per value: {lengths:?}");
    vectorized(
        #[inline(always)]
        || {
            let elements = x.iter().zip(y).zip(dy).zip(dx);
            match how {
                Write::Set => {
                    for (((&x, &y), dy), dx) in elements {
                        *dx = slope(x, y) * dy;
                    }
                }
                Write::Add => {
                    for (((&x, &y), dy), dx) in elements {
                        *dx += slope(x, y) * dy;
                    }
                }
            }
        },
    );
}
