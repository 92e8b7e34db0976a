//! An image of 8 bits per channel, and its files.

use std::io;

/// Largest width and height of a picture in pixels.
pub(crate) const MAX_SIDE: usize = 8192;

/// An image in grey or colour.
pub(crate) struct Raster {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub(crate) channels: usize,
    /// Row by row, `width * height * channels` values.
    pub(crate) pixels: Vec<u8>,
}

impl Raster {
    /// Returns the image as a PNG; `None` if a side has more than 65,535 pixels.
    pub(crate) fn png(&self) -> Option<io::Result<Vec<u8>>> {
        let color = if self.channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale };
        let (width, height) = (u16::try_from(self.width).ok()?, u16::try_from(self.height).ok()?);
        let encode = || {
            let mut bytes = Vec::new();
            let mut encoder = png::Encoder::new(&mut bytes, width.into(), height.into());
            encoder.set_color(color);
            encoder.set_depth(png::BitDepth::Eight);
            let mut writer = encoder.write_header().map_err(io::Error::from)?;
            writer.write_image_data(&self.pixels).map_err(io::Error::from)?;
            writer.finish().map_err(io::Error::from)?;
            Ok(bytes)
        };
        Some(encode())
    }
}
