//! Splits the rows of a batch into blocks. One core computes all layers for a block.

use std::ops::Range;

use crate::candle::steps::Steps;

/// Returns the number of rows per block of a graph with convolutions, for a batch of `batch` rows. A row has many
/// positions, so few rows are enough for efficient matrix products, and their maps stay in the caches. Several blocks
/// for every core let the cores finish at the same time.
fn map_rows(batch: usize) -> usize {
    (batch / 8).clamp(4, 32)
}

/// Returns the number of rows per block of the forward computation for a batch of `batch` rows.
///
/// Small blocks give every core some work; large blocks read the weights less often.
pub(super) fn forward_rows(steps: &Steps, batch: usize) -> usize {
    if steps.has_maps() { map_rows(batch) } else { (batch / 8).next_multiple_of(32).clamp(32, 128) }
}

/// Returns the number of rows per block of the backward computation for a batch of `batch` rows. The matrix products of
/// the backward computation of dense layers are column-major and use full vectors from 64 rows on.
pub(super) fn backward_rows(steps: &Steps, batch: usize) -> usize {
    if steps.has_maps() { map_rows(batch) } else { (batch / 8).next_multiple_of(64).clamp(64, 128) }
}

/// Returns the row ranges of the blocks; each block has `size` rows, the last one may have fewer.
pub(super) fn blocks(rows: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(size).map(move |start| start..rows.min(start + size))
}

/// Passes each block its slice of `values`: `size` values, fewer for the last block.
///
/// # Panics
/// If values remain after the last block, because they would never be written.
pub(super) fn distribute<'a, T, B>(
    mut values: &'a mut [T],
    size: usize,
    blocks: &mut [B],
    mut assign: impl FnMut(&mut B, &'a mut [T]),
) {
    for block in blocks {
        let (slice, rest) = values.split_at_mut(size.min(values.len()));
        assign(block, slice);
        values = rest;
    }
    assert!(values.is_empty(), "{} values belong to no block", values.len());
}
