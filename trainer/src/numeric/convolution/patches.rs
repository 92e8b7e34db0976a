//! Copies of patches (im2col) and sums into patches (col2im).

use std::ops::Range;

use super::{super::vectorized::vectorized, chunks::Chunk, geometry::Region};

/// Largest number of values in a line of a patch for which a window is faster (`window.rs`).
const MAX_SHORT_LINE: usize = 64;

/// The part of a patch that lies on the map.
#[derive(Debug)]
struct Inside {
    lines: Range<usize>,
    columns: Range<usize>,
    /// Index of its first value in the maps.
    start: usize,
}

impl Region {
    /// Copies the patches of the positions of a chunk to the rows of `patches`, `[taps, channels]` with these channels
    /// of the map. Pixels outside the map are zero. `stride` is the distance of the rows, whose ends may be unused.
    pub(super) fn gather(
        &self,
        maps: &[f32],
        chunk: &Chunk,
        channels: Range<usize>,
        stride: usize,
        patches: &mut [f32],
    ) {
        if channels.len() == self.map_channels && self.line_of_patch() <= MAX_SHORT_LINE {
            return self.gather_from_window(maps, chunk, stride, patches);
        }
        let patches = patches.chunks_exact_mut(stride);
        vectorized(
            #[inline(always)]
            || match channels.len() {
                all if all == self.map_channels => self.gather_lines(maps, chunk, patches),
                8 => self.gather_channels::<8>(maps, chunk, channels, patches),
                16 => self.gather_channels::<16>(maps, chunk, channels, patches),
                32 => self.gather_channels::<32>(maps, chunk, channels, patches),
                _ => self.gather_channels::<0>(maps, chunk, channels, patches),
            },
        );
    }

    /// Adds the rows of `patches: [positions, taps, channels]` to the patches of the positions of a chunk.
    pub(super) fn scatter(&self, patches: &[f32], chunk: &Chunk, maps: &mut [f32]) {
        if self.line_of_patch() <= MAX_SHORT_LINE {
            return self.scatter_into_window(patches, chunk, maps);
        }
        vectorized(
            #[inline(always)]
            || self.scatter_lines(patches, chunk, maps),
        );
    }

    #[inline(always)]
    fn gather_lines<'a>(&self, maps: &[f32], chunk: &Chunk, patches: impl Iterator<Item = &'a mut [f32]>) {
        let (channels, line, pitch) = (self.map_channels, self.line_of_patch(), self.line_of_map());
        self.for_each_patch(
            chunk,
            patches,
            #[inline(always)]
            |patch, Inside { lines, columns, start }| {
                patch[..lines.start * line].fill(0.0);
                patch[lines.end * line..].fill(0.0);
                let values = columns.start * channels..columns.end * channels;
                let patch = patch[lines.start * line..lines.end * line].chunks_exact_mut(line);
                for (into, start) in patch.zip((start..).step_by(pitch)) {
                    into[..values.start].fill(0.0);
                    into[values.end..].fill(0.0);
                    into[values.clone()].copy_from_slice(&maps[start..][..values.len()]);
                }
            },
        );
    }

    /// The number of channels is `COUNT`, or any number for zero.
    #[inline(always)]
    fn gather_channels<'a, const COUNT: usize>(
        &self,
        maps: &[f32],
        chunk: &Chunk,
        channels: Range<usize>,
        patches: impl Iterator<Item = &'a mut [f32]>,
    ) {
        let count = if COUNT == 0 { channels.len() } else { COUNT };
        let (all, line, pitch) = (self.map_channels, self.axes[1].taps * count, self.line_of_map());
        self.for_each_patch(
            chunk,
            patches,
            #[inline(always)]
            |patch, Inside { lines, columns, start }| {
                patch[..lines.start * line].fill(0.0);
                patch[lines.end * line..].fill(0.0);
                let values = columns.start * count..columns.end * count;
                let patch = patch[lines.start * line..lines.end * line].chunks_exact_mut(line);
                for (into, start) in patch.zip((start + channels.start..).step_by(pitch)) {
                    into[..values.start].fill(0.0);
                    into[values.end..].fill(0.0);
                    let pixels = into[values.clone()].chunks_exact_mut(count).zip(maps[start..].chunks(all));
                    pixels.for_each(|(into, pixel)| into.copy_from_slice(&pixel[..count]));
                }
            },
        );
    }

    #[inline(always)]
    fn scatter_lines(&self, patches: &[f32], chunk: &Chunk, maps: &mut [f32]) {
        let (channels, line, pitch) = (self.map_channels, self.line_of_patch(), self.line_of_map());
        self.for_each_patch(
            chunk,
            patches.chunks_exact(self.patch()),
            #[inline(always)]
            |patch, Inside { lines, columns, start }| {
                let patch = patch[lines.start * line..lines.end * line].chunks_exact(line);
                for (from, start) in patch.zip((start..).step_by(pitch)) {
                    let from = &from[columns.start * channels..columns.end * channels];
                    for (into, value) in maps[start..][..from.len()].iter_mut().zip(from) {
                        *into += value;
                    }
                }
            },
        );
    }

    /// Calls `visit` with the patch of every position of a chunk, and its part that lies on the map.
    #[inline(always)]
    fn for_each_patch<P>(&self, chunk: &Chunk, mut patches: impl Iterator<Item = P>, mut visit: impl FnMut(P, Inside)) {
        let [vertical, horizontal] = &self.axes;
        for row in chunk.rows.clone() {
            for y in chunk.lines.clone() {
                let (lines, top) = vertical.clip(y);
                for x in horizontal.positions.clone() {
                    let Some(patch) = patches.next() else { unreachable!("there is a patch for every position") };
                    let (columns, left) = horizontal.clip(x);
                    let pixel = (row * vertical.map + top) * horizontal.map + left;
                    visit(patch, Inside { lines: lines.clone(), columns, start: pixel * self.map_channels });
                }
            }
        }
    }

    /// Number of values in a line of the map.
    fn line_of_map(&self) -> usize {
        self.axes[1].map * self.map_channels
    }
}
