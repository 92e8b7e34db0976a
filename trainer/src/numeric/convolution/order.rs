//! The two storage orders of the weights of patches.

/// Storage order of the weights that belong to the values of a patch and the channels of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `[patch, position channels]`
    ByPatch,
    /// `[position channels, patch]`
    ByPosition,
}

/// Writes the transpose of a matrix with this number of columns. It works in tiles, because neighbouring values of a
/// column are far apart.
pub(super) fn transpose(from: &[f32], columns: usize, into: &mut [f32]) {
    const TILE: usize = 16;
    let rows = from.len() / columns;
    let mut tile = [[0f32; TILE]; TILE];
    for row in (0..rows).step_by(TILE) {
        for column in (0..columns).step_by(TILE) {
            let (height, width) = (TILE.min(rows - row), TILE.min(columns - column));
            for (offset, tile) in tile.iter_mut().enumerate().take(height) {
                tile[..width].copy_from_slice(&from[(row + offset) * columns + column..][..width]);
            }
            for offset in 0..width {
                let into = &mut into[(column + offset) * rows + row..][..height];
                into.iter_mut().zip(&tile).for_each(|(into, tile)| *into = tile[offset]);
            }
        }
    }
}
