//! An image of 8 bits per channel and its files, and PNG files of 16 bits per channel.

use std::{borrow::Cow, io};

use gif::Frame;

/// Largest width and height of a picture in pixels.
pub(crate) const MAX_SIDE: usize = 8192;

/// Quality of the palette of colour images, from 1 (best) to 30 (fastest).
pub(crate) const PALETTE_SPEED: i32 = 10;

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
        let (width, height) = self.size()?;
        let color = color_of(self.channels);
        Some(encode((width, height), color, png::BitDepth::Eight, &self.pixels, |_| {}))
    }

    /// Returns the image as a PNG that is as small as possible: colours become a palette of 256 colours.
    pub(crate) fn small_png(&self) -> Option<io::Result<Vec<u8>>> {
        let (width, height) = self.size()?;
        let (color, pixels, palette) = if self.channels == 3 {
            let frame = Frame::from_rgb_speed(width, height, &self.pixels, PALETTE_SPEED);
            (png::ColorType::Indexed, frame.buffer, frame.palette)
        } else {
            (png::ColorType::Grayscale, Cow::Borrowed(&self.pixels[..]), None)
        };
        Some(encode((width, height), color, png::BitDepth::Eight, &pixels, |encoder| {
            encoder.set_compression(png::Compression::High);
            // Filters help smooth images. These have many edges.
            encoder.set_filter(png::Filter::NoFilter);
            if let Some(palette) = palette {
                encoder.set_palette(palette);
            }
        }))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((u16::try_from(self.width).ok()?, u16::try_from(self.height).ok()?))
    }
}

/// Returns pixels of 16 bits per channel, row by row, as a PNG; `None` if a side has more than 65,535 pixels.
pub(crate) fn deep_png(
    (width, height): (usize, usize),
    channels: usize,
    pixels: &[u16],
) -> Option<io::Result<Vec<u8>>> {
    let size = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    let bytes: Vec<u8> = pixels.iter().flat_map(|pixel| pixel.to_be_bytes()).collect();
    Some(encode(size, color_of(channels), png::BitDepth::Sixteen, &bytes, |_| {}))
}

fn color_of(channels: usize) -> png::ColorType {
    if channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale }
}

fn encode<'a>(
    (width, height): (u16, u16),
    color: png::ColorType,
    depth: png::BitDepth,
    pixels: &[u8],
    set: impl FnOnce(&mut png::Encoder<'a, &mut Vec<u8>>),
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width.into(), height.into());
    encoder.set_color(color);
    encoder.set_depth(depth);
    set(&mut encoder);
    let mut writer = encoder.write_header().map_err(io::Error::from)?;
    writer.write_image_data(pixels).map_err(io::Error::from)?;
    writer.finish().map_err(io::Error::from)?;
    Ok(bytes)
}
