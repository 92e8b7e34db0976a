//! The sizes of a convolution.

/// Geometry of a 2-D convolution, optionally preceded by nearest-neighbour upsampling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Convolution {
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Channels of a pixel of the input.
    pub in_channels: usize,
    /// Channels of a pixel of the output.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Distance between the kernels of neighbours, in pixels, in each direction.
    pub stride: [usize; 2],
    /// Number of zeros before and after the upsampled and cropped input, in each direction.
    pub padding: [usize; 2],
    /// Factors of the upsampling; 1 means none.
    pub upsampling: [usize; 2],
    /// Size after the upsampling, at most `input * upsampling`: lines and columns at the end are removed.
    pub cropped: [usize; 2],
}

impl Convolution {
    /// Height and width of the output.
    pub fn output(&self) -> [usize; 2] {
        [0, 1].map(|axis| (self.cropped[axis] + 2 * self.padding[axis] - self.kernel[axis]) / self.stride[axis] + 1)
    }

    /// Number of weights per pair of channels.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }
}
