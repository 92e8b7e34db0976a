//! The transpose of a matrix.

use super::write::Write;

/// Writes the transpose of a row-major matrix with `columns` columns to `into`. It works in tiles, because neighbouring
/// values of a column are far apart in memory.
pub(super) fn transpose(from: &[f32], columns: usize, into: &mut [f32], how: Write) {
    const TILE: usize = 16;
    let rows = from.len().checked_div(columns).unwrap_or(0);
    let mut tile = [[0f32; TILE]; TILE];
    for row in (0..rows).step_by(TILE) {
        for column in (0..columns).step_by(TILE) {
            let (height, width) = (TILE.min(rows - row), TILE.min(columns - column));
            for (offset, tile) in tile.iter_mut().enumerate().take(height) {
                tile[..width].copy_from_slice(&from[(row + offset) * columns + column..][..width]);
            }
            for offset in 0..width {
                let into = &mut into[(column + offset) * rows + row..][..height];
                into.iter_mut().zip(&tile).for_each(|(into, tile)| how.write(into, tile[offset]));
            }
        }
    }
}

/// Writes the transpose of every row of a batch to `into`; each row is a row-major matrix `[rows, columns]`.
///
/// # Panics
/// If the slices differ in length.
pub(crate) fn transpose_rows(from: &[f32], [rows, columns]: [usize; 2], into: &mut [f32], how: Write) {
    assert_eq!(from.len(), into.len(), "one result per value");
    let width = (rows * columns).max(1);
    for (from, into) in from.chunks_exact(width).zip(into.chunks_exact_mut(width)) {
        transpose(from, columns, into, how);
    }
}
