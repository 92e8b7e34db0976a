//! Draws samples as a grid of images in a PNG.

use narrows_runtime::ndarray::ArrayViewD;

use crate::{
    PictureError,
    raster::{Raster, deep_png},
    zoom::{GAP, Zoom, grid_length},
};

const BACKGROUND: u8 = 96;
/// The values of black and white of images with 16 bits per channel.
const SIXTEEN_BITS: (f32, f32) = (0.0, u16::MAX as f32);

/// Whether samples of this shape are images: `[height, width]` or `[height, width, channels]` with 1 or 3 channels.
pub fn is_picture(shape: &[usize]) -> bool {
    match shape {
        [height, width] | [height, width, 1 | 3] => *height > 0 && *width > 0,
        _ => false,
    }
}

/// Draws `pictures: [count, ...sample shape]` as a PNG with `columns` images per row. `range` contains the values of
/// black and white. Values outside are clipped, and NaN becomes black. The PNG has 8 bits per channel, or 16 if the
/// range is 0 to 65535.
///
/// Images keep their aspect. Small ones are magnified by a whole factor, and all are shrunk by averaging if a side of
/// the grid would exceed 8192 pixels.
///
/// # Errors
/// [`PictureError::Shape`] if the samples are not images, [`PictureError::Size`] for too many, [`PictureError::Empty`]
/// for none.
pub fn grid(pictures: &ArrayViewD<'_, f32>, range: (f32, f32), columns: usize) -> Result<Vec<u8>, PictureError> {
    let size = || PictureError::Size {
        count: pictures.shape().first().copied().unwrap_or_default(),
        shape: pictures.shape().get(1..).unwrap_or_default().to_vec(),
    };
    let png = if range == SIXTEEN_BITS {
        let (columns, zoom) = layout(pictures, columns)?;
        // The cast converts NaN to 0.
        let shade = |value: f32| value.round().clamp(0.0, SIXTEEN_BITS.1) as u16;
        let (size, pixels) = paint(pictures, columns, zoom, GAP, u16::from(BACKGROUND) * 257, shade);
        deep_png(size, channels_of(pictures), &pixels)
    } else {
        raster(pictures, range, columns)?.png()
    };
    png.ok_or_else(size)?.map_err(PictureError::Encode)
}

/// Returns the number of images per row for which the grid is about as wide as high, at most `most`.
pub(crate) fn square_columns(count: usize, shape: &[usize], most: usize) -> usize {
    let (height, width) = match shape {
        [height, width, ..] if *width > 0 => (*height, *width),
        _ => (1, 1),
    };
    let columns = (count as f64 * height as f64 / width as f64).sqrt().ceil() as usize;
    columns.clamp(1, most.max(1))
}

/// Draws the same grid as pixels.
pub(crate) fn raster(
    pictures: &ArrayViewD<'_, f32>,
    range: (f32, f32),
    columns: usize,
) -> Result<Raster, PictureError> {
    let (columns, zoom) = layout(pictures, columns)?;
    Ok(tiles(pictures, range, columns, zoom, GAP))
}

/// Returns the number of images per row, and their zoom.
fn layout(pictures: &ArrayViewD<'_, f32>, columns: usize) -> Result<(usize, Zoom), PictureError> {
    let (count, size) = size_of(pictures)?;
    let columns = columns.clamp(1, count);
    let zoom = Zoom::of(size, columns, count.div_ceil(columns));
    let zoom = zoom.ok_or_else(|| PictureError::Size { count, shape: pictures.shape()[1..].to_vec() })?;
    Ok((columns, zoom))
}

/// Returns the number of images, and the height and width of each.
pub(crate) fn size_of(pictures: &ArrayViewD<'_, f32>) -> Result<(usize, [usize; 2]), PictureError> {
    match pictures.shape() {
        [count, shape @ ..] if is_picture(shape) && *count > 0 => Ok((*count, [shape[0], shape[1]])),
        [0, ..] => Err(PictureError::Empty),
        shape => Err(PictureError::Shape { shape: shape.get(1..).unwrap_or_default().to_vec() }),
    }
}

/// Draws images, `[count, height, width]` or `[count, height, width, channels]`, with gaps of this many pixels.
pub(crate) fn tiles(
    pictures: &ArrayViewD<'_, f32>,
    range: (f32, f32),
    columns: usize,
    zoom: Zoom,
    gap: usize,
) -> Raster {
    let ((width, height), pixels) = paint(pictures, columns, zoom, gap, BACKGROUND, |value| to_byte(value, range));
    Raster { width, height, channels: channels_of(pictures), pixels }
}

fn channels_of(pictures: &ArrayViewD<'_, f32>) -> usize {
    pictures.shape().get(3).copied().unwrap_or(1)
}

/// Returns width and height of the grid, and its pixels, row by row. `shade` converts a value of an image.
fn paint<P: Copy>(
    pictures: &ArrayViewD<'_, f32>,
    columns: usize,
    zoom: Zoom,
    gap: usize,
    background: P,
    shade: impl Fn(f32) -> P,
) -> ((usize, usize), Vec<P>) {
    let (count, height, width) = (pictures.shape()[0], pictures.shape()[1], pictures.shape()[2]);
    let channels = channels_of(pictures);
    let (cell_width, cell_height) = (zoom.length(width), zoom.length(height));
    let grid_width = grid_length(columns, cell_width, gap);
    let grid_height = grid_length(count.div_ceil(columns), cell_height, gap);
    let mut pixels = vec![background; grid_width * grid_height * channels];
    for (index, picture) in pictures.outer_iter().enumerate() {
        let left = grid_length(index % columns, cell_width, gap);
        let top = grid_length(index / columns, cell_height, gap);
        let picture = picture.as_standard_layout();
        let Some(values) = picture.as_slice() else { continue };
        for y in 0..cell_height {
            for x in 0..cell_width {
                let into = ((top + y) * grid_width + left + x) * channels;
                for (channel, pixel) in pixels[into..into + channels].iter_mut().enumerate() {
                    let value = zoom.pixel((x, y), [height, width], |index| values[index * channels + channel]);
                    *pixel = shade(value);
                }
            }
        }
    }
    ((grid_width, grid_height), pixels)
}

fn to_byte(value: f32, (low, high): (f32, f32)) -> u8 {
    let span = if high > low { high - low } else { 1.0 };
    // The cast converts NaN to 0.
    ((value - low) / span * 255.0).round().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use std::io;

    use narrows_runtime::ndarray::ArrayD;

    use super::*;

    fn decode(bytes: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("one frame");
        (info.width, info.height, pixels)
    }

    #[test]
    fn images_are_in_rows_and_the_range_is_black_to_white() {
        let values =
            ArrayD::from_shape_vec(vec![3, 28, 28], [vec![0.0; 784], vec![16.0; 784], vec![8.0; 784]].concat());
        let bytes = grid(&values.expect("28 * 28").view(), (0.0, 16.0), 2).expect("pictures");
        let (width, height, pixels) = decode(&bytes);
        assert_eq!((width, height), (2 * 226 + 2, 2 * 226 + 2));
        let at = |x: usize, y: usize| pixels[y * width as usize + x];
        assert_eq!([at(30, 30), at(300, 30), at(30, 300), at(300, 300)], [0, 255, 128, BACKGROUND]);
    }

    #[test]
    fn images_of_16_bits_keep_every_grey_level() {
        let values = ArrayD::from_shape_vec(vec![1, 224, 224], (0..224 * 224).map(|level| level as f32).collect());
        let bytes = grid(&values.expect("224 * 224").view(), (0.0, 65_535.0), 1).expect("a picture");
        let decoder = png::Decoder::new(io::Cursor::new(&bytes[..])).read_info().expect("a PNG");
        assert_eq!(decoder.info().bit_depth, png::BitDepth::Sixteen);
        let (width, _, pixels) = decode(&bytes);
        let at = |x: usize, y: usize| {
            let start = 2 * ((y + 2) * width as usize + x + 2);
            u16::from_be_bytes([pixels[start], pixels[start + 1]])
        };
        assert_eq!([at(0, 0), at(1, 0), at(223, 223)], [0, 1, 50_175]);
    }

    #[test]
    fn images_keep_their_aspect_and_a_large_grid_is_shrunk() {
        let size = |shape: &[usize], columns: usize| {
            let (width, height, _) = decode(&grid(&ArrayD::zeros(shape).view(), (0.0, 1.0), columns).expect("images"));
            (width, height)
        };
        assert_eq!(size(&[2, 14, 28], 1), (8 * 28 + 4, 2 * (8 * 14 + 2) + 2));
        assert_eq!(size(&[6, 1500, 1500], 6), (6 * 752 + 2, 752 + 2));
        let error = grid(&ArrayD::zeros(vec![10_000, 1, 1]).view(), (0.0, 1.0), 10_000).expect_err("too many");
        assert!(error.to_string().contains("10000 images of shape [1, 1]"), "{error}");
    }

    #[test]
    fn columns_make_the_grid_about_square() {
        for (count, shape, expected) in [
            (64, [8, 8], 8),
            (40, [8, 8], 7),
            (256, [8, 8], 16),
            (1000, [8, 8], 16),
            (16, [8, 32], 2),
            (16, [32, 8], 8),
        ] {
            assert_eq!(square_columns(count, &shape, 16), expected, "{count} of {shape:?}");
        }
    }

    #[test]
    fn samples_of_tables_are_refused() {
        let rows = ArrayD::<f32>::zeros(vec![4, 10]);
        let error = grid(&rows.view(), (0.0, 1.0), 2).expect_err("a table").to_string();
        assert!(error.contains("[10]"), "{error}");
    }
}
