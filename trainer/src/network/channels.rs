//! Values with channels: vectors, whose entries are the channels, and maps.

use candle_core::{Result as CandleResult, Tensor};

/// Returns the number of channels of `[channels]` or `[channels, height, width]`, the first entry of the shape.
pub(super) fn channels(shape: &[usize]) -> usize {
    shape.first().copied().unwrap_or(0)
}

/// Checks that a single input has the expected shape, which must be that of a vector or a map.
pub(super) fn same_shape(inputs: &[&[usize]], expected: &[usize]) -> Result<Vec<usize>, String> {
    match (inputs, expected) {
        ([shape], [_] | [_, _, _]) if *shape == expected && !expected.contains(&0) => Ok(expected.to_vec()),
        _ => Err(format!("expects one vector or map of the shape {expected:?}, got {inputs:?}")),
    }
}

/// Returns the shape in which one value per channel is broadcast over `[batch, ...shape]`, without the batch.
pub(super) fn broadcast_shape(shape: &[usize]) -> Vec<usize> {
    shape.iter().enumerate().map(|(index, &size)| if index == 0 { size } else { 1 }).collect()
}

/// Returns one value per channel in the shape that is broadcast over `[batch, ...shape]`.
pub(super) fn broadcastable(values: &Tensor, shape: &[usize]) -> CandleResult<Tensor> {
    values.reshape(broadcast_shape(shape))
}
