//! The two forms of a convolution.
//!
//! A convolution pairs every position of one side with a patch of the other side, the map:
//! - Directly: a position is an output, and its patch is the part of the input under the kernel.
//! - Dually, for stride 1: a position is an input, and its patch consists of the outputs that depend on it.
//!
//! With nearest-neighbour upsampling by `u`, a position of the dual form stands for `u` pixels along each axis. Its
//! patch has `kernel + u - 1` taps per axis, and the weight of a tap is a sum of weights of the kernel. The number of
//! multiplications per input and axis is therefore `kernel + u - 1` instead of `kernel * u`.

use std::ops::Range;

use super::sizes::Convolution;

/// Which side of a convolution is the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The map is the input.
    Direct,
    /// The map is the output.
    Dual,
}

/// A rectangle of positions whose patches have the same weights.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub(super) form: Form,
    /// The vertical and the horizontal axis.
    pub(super) axes: [Axis; 2],
    pub(super) map_channels: usize,
    pub(super) position_channels: usize,
}

/// One axis of a rectangle of positions and of the map.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    pub(super) positions: Range<usize>,
    /// Number of positions of the whole side, which may have several regions.
    pub(super) side: usize,
    /// Number of pixels of the map.
    pub(super) map: usize,
    /// Number of pixels of a patch.
    pub(super) taps: usize,
    /// Distance between the patches of neighbours.
    pub(super) stride: usize,
    /// Number of pixels of the first patch that lie before the map.
    pub(super) padding: usize,
    /// Number of pixels of the kernel.
    pub(super) kernel: usize,
    /// Number of pixels of the upsampled and cropped input for which a position of the dual form stands.
    pixels: usize,
}

impl Convolution {
    /// Returns the regions of a form. There are several if the crop removes some of the pixels for which the last
    /// positions stand.
    pub(super) fn regions(&self, form: Form) -> impl Iterator<Item = Region> + use<> {
        let [vertical, horizontal] = [0, 1].map(|axis| match form {
            Form::Direct => [Some(self.direct_axis(axis)), None],
            Form::Dual => self.dual_axes(axis),
        });
        let (map_channels, position_channels) = match form {
            Form::Direct => (self.in_channels, self.out_channels),
            Form::Dual => (self.out_channels, self.in_channels),
        };
        vertical.into_iter().flatten().flat_map(move |vertical| {
            horizontal.clone().into_iter().flatten().map(move |horizontal| {
                let axes = [vertical.clone(), horizontal];
                Region { form, axes, map_channels, position_channels }
            })
        })
    }

    fn direct_axis(&self, axis: usize) -> Axis {
        let (side, kernel) = (self.output()[axis], self.kernel[axis]);
        Axis {
            positions: 0..side,
            side,
            map: self.cropped[axis],
            taps: kernel,
            stride: self.stride[axis],
            padding: self.padding[axis],
            kernel,
            pixels: 1,
        }
    }

    /// The positions that stand for `upsampling` pixels, and the position that stands for the rest.
    fn dual_axes(&self, axis: usize) -> [Option<Axis>; 2] {
        let (kernel, upsampling) = (self.kernel[axis], self.upsampling[axis]);
        let (complete, rest) = (self.cropped[axis] / upsampling, self.cropped[axis] % upsampling);
        [(0..complete, upsampling), (complete..complete + 1, rest)].map(|(positions, pixels)| {
            (!positions.is_empty() && pixels > 0).then(|| Axis {
                positions,
                side: self.input[axis],
                map: self.output()[axis],
                taps: kernel + upsampling - 1,
                stride: upsampling,
                padding: kernel - 1 - self.padding[axis],
                kernel,
                pixels,
            })
        })
    }
}

impl Region {
    /// Whether the rectangle contains all positions.
    pub(super) fn is_whole(&self) -> bool {
        self.axes.iter().all(|axis| axis.positions == (0..axis.side))
    }

    /// Number of positions.
    pub(super) fn positions(&self) -> usize {
        self.axes[0].positions.len() * self.axes[1].positions.len()
    }

    /// Number of pixels of a patch.
    pub(super) fn taps(&self) -> usize {
        self.axes[0].taps * self.axes[1].taps
    }

    /// Number of values of a patch.
    pub(super) fn patch(&self) -> usize {
        self.taps() * self.map_channels
    }

    /// Number of values in a line of a patch.
    pub(super) fn line_of_patch(&self) -> usize {
        self.axes[1].taps * self.map_channels
    }

    /// Number of values of the map of a row.
    pub(super) fn map_size(&self) -> usize {
        self.axes[0].map * self.axes[1].map * self.map_channels
    }
}

impl Axis {
    /// The taps of a patch that lie on the map, and the pixel of the map under the first of them.
    #[inline(always)]
    pub(super) fn clip(&self, position: usize) -> (Range<usize>, usize) {
        let start = position * self.stride;
        let end = (self.map + self.padding).saturating_sub(start).min(self.taps);
        let first = self.padding.saturating_sub(start).min(end);
        (first..end, (start + first).saturating_sub(self.padding))
    }

    /// The taps of the kernel whose sum is the weight of a tap of a patch. In the dual form, the tap `t` of a patch
    /// meets pixel `p` of its position at the tap `kernel - 1 + p - t` of the kernel.
    pub(super) fn sources(&self, form: Form, tap: usize) -> Range<usize> {
        match form {
            Form::Direct => tap..tap + 1,
            Form::Dual => {
                let first = (self.kernel - 1).saturating_sub(tap);
                let end = (self.kernel - 1 + self.pixels).saturating_sub(tap).min(self.kernel);
                first..end.max(first)
            }
        }
    }
}
