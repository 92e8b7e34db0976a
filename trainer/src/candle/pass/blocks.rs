//! The rows of a batch, cut into blocks that go through all layers on one core each.

use std::ops::Range;

/// The blocks of so many rows.
pub(super) fn blocks(rows: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..rows).step_by(size).map(move |start| start..rows.min(start + size))
}

/// Hands every block its part: `size` values, fewer to the last one.
///
/// # Panics
/// If there are more values than blocks take: some would be left as they are.
pub(super) fn deal<'a, T, B>(
    mut values: &'a mut [T],
    size: usize,
    blocks: &mut [B],
    mut give: impl FnMut(&mut B, &'a mut [T]),
) {
    for block in blocks {
        let (part, rest) = values.split_at_mut(size.min(values.len()));
        give(block, part);
        values = rest;
    }
    assert!(values.is_empty(), "{} values that no block takes", values.len());
}
