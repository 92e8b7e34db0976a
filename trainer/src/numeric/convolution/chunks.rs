//! Chunks of positions whose patches stay in the cache.

use std::ops::Range;

use super::geometry::Region;

/// Approximate number of values of the patches of a chunk: 256 KB, for a level 2 cache.
const CHUNK: usize = 1 << 16;

/// The positions of a region in some rows of the batch, or in some lines of one row.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) rows: Range<usize>,
    pub(super) lines: Range<usize>,
    /// Number of positions in a line.
    width: usize,
}

impl Chunk {
    /// Number of positions.
    pub(super) fn positions(&self) -> usize {
        self.rows.len() * self.lines.len() * self.width
    }
}

impl Region {
    /// Splits the positions of a batch into chunks, for patches of `patch` values. The lines of a row are split in the
    /// same way in any batch.
    pub(super) fn chunks(&self, batch: usize, patch: usize) -> impl Iterator<Item = Chunk> + use<> {
        let [vertical, horizontal] = &self.axes;
        let (all_lines, width) = (vertical.positions.clone(), horizontal.positions.len());
        let line = width * patch;
        let rows_per_chunk = (CHUNK / (line * all_lines.len())).max(1);
        let parts = all_lines.len().div_ceil((CHUNK / line).max(1));
        let lines_per_chunk = all_lines.len().div_ceil(parts);
        (0..batch).step_by(rows_per_chunk).flat_map(move |row| {
            let (rows, last) = (row..batch.min(row + rows_per_chunk), all_lines.end);
            all_lines.clone().step_by(lines_per_chunk).map(move |line| Chunk {
                rows: rows.clone(),
                lines: line..last.min(line + lines_per_chunk),
                width,
            })
        })
    }
}
