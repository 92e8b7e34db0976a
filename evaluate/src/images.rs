//! The shape of images, with the channels last.

/// An image of shape `[height, width]` or `[height, width, channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageShape {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) channels: usize,
}

impl ImageShape {
    /// Returns the shape of an image; `None` for other samples.
    pub(crate) fn of(shape: &[usize]) -> Option<Self> {
        let (height, width, channels) = match *shape {
            [height, width] => (height, width, 1),
            [height, width, channels @ (1 | 3)] => (height, width, channels),
            _ => return None,
        };
        (height > 0 && width > 0).then_some(ImageShape { height, width, channels })
    }
}
