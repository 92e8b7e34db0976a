//! Patches whose lines have few values.
//!
//! The part of the map under a chunk is copied to a window with zeros around the map, or a window is added to the map.
//! All lines of patches are complete in the window, so they have the same length. For common lengths it is a constant,
//! with which the compiler moves a line by a few vector instructions.

use std::{cell::RefCell, ops::Range};

use super::{super::vectorized::vectorized, chunks::Chunk, geometry::Region, scratch::sized};

thread_local!(static WINDOW: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });

/// Calls a method for the length of a line, with wide vector instructions. Zero stands for any other length.
macro_rules! for_length {
    ($region:ident.$method:ident $arguments:tt: $($length:literal)*) => {
        vectorized(
            #[inline(always)]
            || match $region.line_of_patch() {
                $($length => $region.$method::<$length> $arguments,)*
                _ => $region.$method::<0> $arguments,
            },
        )
    };
}

impl Region {
    /// The same as [`Region::gather`], for all channels.
    pub(super) fn gather_from_window(&self, maps: &[f32], chunk: &Chunk, stride: usize, patches: &mut [f32]) {
        let row_size = patches.len() / chunk.rows.len();
        self.for_each_row(chunk, |row, window| {
            self.for_each_line_of_map(chunk, row, |inside, map| window[inside].copy_from_slice(&maps[map]));
            let patches = &mut patches[(row - chunk.rows.start) * row_size..][..row_size];
            for_length!(self.copy_patches(window, stride, patches): 3 4 5 6 8 9 12 15 16 24 32 48 64);
        });
    }

    /// The same as [`Region::scatter`].
    pub(super) fn scatter_into_window(&self, patches: &[f32], chunk: &Chunk, maps: &mut [f32]) {
        let row_size = patches.len() / chunk.rows.len();
        self.for_each_row(chunk, |row, window| {
            let patches = &patches[(row - chunk.rows.start) * row_size..][..row_size];
            for_length!(self.add_patches(patches, window): 3 4 5 6 8 9 12 15 16 24 32 48 64);
            self.for_each_line_of_map(chunk, row, |inside, map| {
                maps[map].iter_mut().zip(&window[inside]).for_each(|(into, value)| *into += value);
            });
        });
    }

    #[inline(always)]
    fn copy_patches<const LENGTH: usize>(&self, window: &[f32], stride: usize, patches: &mut [f32]) {
        let [vertical, horizontal] = &self.axes;
        let length = if LENGTH == 0 { self.line_of_patch() } else { LENGTH };
        let (width, step) = (self.window_width(), horizontal.stride * self.map_channels);
        let lines = patches.chunks_exact_mut(horizontal.positions.len() * stride);
        for (y, patches) in lines.enumerate() {
            for line in 0..vertical.taps {
                let window = &window[(y * vertical.stride + line) * width..][..width];
                for (x, patch) in patches.chunks_exact_mut(stride).enumerate() {
                    patch[line * length..][..length].copy_from_slice(&window[x * step..][..length]);
                }
            }
        }
    }

    /// A processor has to wait for values that it has just stored as parts of other vectors. The lines of neighbours
    /// overlap, so there are several passes, each over positions whose lines do not overlap.
    #[inline(always)]
    fn add_patches<const LENGTH: usize>(&self, patches: &[f32], window: &mut [f32]) {
        let [vertical, horizontal] = &self.axes;
        let length = if LENGTH == 0 { self.line_of_patch() } else { LENGTH };
        let (width, patch, step) = (self.window_width(), self.patch(), horizontal.stride * self.map_channels);
        let passes = horizontal.taps.div_ceil(horizontal.stride);
        for pass in 0..passes {
            let lines = patches.chunks_exact(horizontal.positions.len() * patch);
            for (y, patches) in lines.enumerate() {
                for line in 0..vertical.taps {
                    let window = &mut window[(y * vertical.stride + line) * width..][..width];
                    for x in (pass..horizontal.positions.len()).step_by(passes) {
                        let from = &patches[x * patch + line * length..][..length];
                        add::<LENGTH>(from, &mut window[x * step..][..length]);
                    }
                }
            }
        }
    }

    /// Calls `visit` with every row of a chunk, and a window of zeros.
    fn for_each_row(&self, chunk: &Chunk, mut visit: impl FnMut(usize, &mut [f32])) {
        WINDOW.with_borrow_mut(|window| {
            let window = sized(window, self.window_height(chunk) * self.window_width());
            for row in chunk.rows.clone() {
                window.fill(0.0);
                visit(row, window);
            }
        });
    }

    /// Calls `visit` with the ranges of every line of the map in the window and in the maps.
    fn for_each_line_of_map(&self, chunk: &Chunk, row: usize, mut visit: impl FnMut(Range<usize>, Range<usize>)) {
        let ([vertical, horizontal], channels) = (&self.axes, self.map_channels);
        let (top, left) = (chunk.lines.start * vertical.stride, horizontal.positions.start * horizontal.stride);
        let (bottom, right) = (top + self.window_height(chunk), left + self.window_width() / channels);
        // Pixels are counted from the padding before the map.
        let lines = top.max(vertical.padding)..bottom.min(vertical.padding + vertical.map);
        let columns = left.max(horizontal.padding)..right.min(horizontal.padding + horizontal.map);
        for line in lines {
            let inside = (line - top) * self.window_width() + (columns.start - left) * channels;
            let pixel = (row * vertical.map + line - vertical.padding) * horizontal.map;
            let map = (pixel + columns.start - horizontal.padding) * channels;
            let length = columns.len() * channels;
            visit(inside..inside + length, map..map + length);
        }
    }

    fn window_height(&self, chunk: &Chunk) -> usize {
        (chunk.lines.len() - 1) * self.axes[0].stride + self.axes[0].taps
    }

    /// Number of values in a line of the window.
    fn window_width(&self) -> usize {
        let horizontal = &self.axes[1];
        ((horizontal.positions.len() - 1) * horizontal.stride + horizontal.taps) * self.map_channels
    }
}

/// Adds `from` to `into`. For a constant length all values are read before any is written, so vectors are possible.
#[inline(always)]
fn add<const LENGTH: usize>(from: &[f32], into: &mut [f32]) {
    if let (Some(from), Some(into)) = (from.first_chunk::<LENGTH>(), into.first_chunk_mut::<LENGTH>())
        && LENGTH > 0
    {
        let mut sums = *into;
        for (sum, value) in sums.iter_mut().zip(from) {
            *sum += value;
        }
        *into = sums;
    } else {
        for (into, value) in into.iter_mut().zip(from) {
            *into += value;
        }
    }
}
