//! Splits the rows of a batch into blocks. One core computes all layers for a block.

use std::ops::Range;

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
