//! A sample as a map with channels.

/// How the samples of the data are arranged as maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleMap {
    /// Height and width. The height of a series is 1.
    pub size: [usize; 2],
    /// Number of channels.
    pub channels: usize,
    /// Order of the values.
    pub order: Order,
}

/// Order of the values of a map in a row of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Height, width, channels: the order of images.
    ChannelsLast,
    /// Channels, height, width: the order of series.
    ChannelsFirst,
}

impl SampleMap {
    /// Returns the map of an image, `[height, width]` or `[height, width, channels]`, or of a vector, `[length]`;
    /// `None` for another shape.
    pub fn of_image(shape: &[usize]) -> Option<Self> {
        let (size, channels) = match *shape {
            [length] => ([1, length], 1),
            [height, width] => ([height, width], 1),
            [height, width, channels] => ([height, width], channels),
            _ => return None,
        };
        Some(SampleMap { size, channels, order: Order::ChannelsLast })
    }

    /// Returns the map of a series, `[length]` or `[channels, length]`; `None` for another shape.
    pub fn of_series(shape: &[usize]) -> Option<Self> {
        let (channels, length) = match *shape {
            [length] => (1, length),
            [channels, length] => (channels, length),
            _ => return None,
        };
        Some(SampleMap { size: [1, length], channels, order: Order::ChannelsFirst })
    }

    /// Returns the number of values.
    pub fn features(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }
}
