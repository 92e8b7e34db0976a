//! The logistic function of many values, and its gradient.

use super::{
    elementary::sigmoid,
    parallel::{CHUNK, parallel_for_each},
    pointwise::{combine, map},
};

/// Approximate number of operations of one logistic function.
const COST: usize = 20;

/// Returns `1 / (1 + exp(-factor x))` of every value.
pub(crate) fn sigmoid_of_all(x: &[f32], factor: f32) -> Vec<f32> {
    let mut y = vec![0f32; x.len()];
    let items = x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)).collect();
    parallel_for_each(COST * CHUNK, items, |(x, y)| map(x, y, |x| sigmoid(factor * x)));
    y
}

/// Returns the gradient with respect to the values: `factor y (1 - y) dy` for `y = 1 / (1 + exp(-factor x))`.
///
/// # Panics
/// If the lengths differ.
pub(crate) fn sigmoid_gradient(y: &[f32], dy: &[f32], factor: f32) -> Vec<f32> {
    assert_eq!(y.len(), dy.len(), "one gradient per value");
    let mut dx = vec![0f32; y.len()];
    let items = y.chunks(CHUNK).zip(dy.chunks(CHUNK)).zip(dx.chunks_mut(CHUNK)).collect();
    parallel_for_each(4 * CHUNK, items, |((y, dy), dx)| combine(y, dy, dx, |y, dy| factor * y * (1.0 - y) * dy));
    dx
}
