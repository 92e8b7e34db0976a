//! Errors of drawing samples.

use std::io;

/// Why an image could not be drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is nothing to draw.
    #[error("there are no samples to draw")]
    Empty,
    /// The samples have neither the shape of an image nor, for series, that of a series.
    #[error(
        "samples of shape {shape:?} cannot be drawn; expected the shape [height, width] or [height, width, 1 or 3], or \
         series of the shape [length] or [channels, length]"
    )]
    Shape {
        /// Shape of one sample.
        shape: Vec<usize>,
    },
    /// The grid is too large for a PNG.
    #[error("{count} images of shape {shape:?} are too many for a PNG; ask for fewer")]
    Size {
        /// Number of images.
        count: usize,
        /// Shape of one sample.
        shape: Vec<usize>,
    },
    /// The frames of an animation differ in size, or are too large for a GIF.
    #[error("the frames of an animation must have one size of at most 65535 x 65535 pixels, got {width} x {height}")]
    Frame {
        /// Width of the frame in pixels.
        width: usize,
        /// Height of the frame in pixels.
        height: usize,
    },
    /// The caller stopped the drawing.
    #[error("interrupted; there is no picture")]
    Interrupted,
    /// The GIF could not be encoded.
    #[error("cannot encode the GIF: {0}")]
    Gif(#[source] io::Error),
    /// The model could not compute the samples.
    #[error(transparent)]
    Runtime(#[from] narrows_runtime::Error),
    /// The PNG could not be encoded.
    #[error("cannot encode the PNG: {0}")]
    Encode(#[from] io::Error),
}
