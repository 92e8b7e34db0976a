//! Many small pictures of samples in one PNG, for pages that show one of them at a time.

use ndarray::{ArrayViewD, Axis};

use crate::{
    Picture, PictureError,
    canvas::Canvas,
    grid::{size_of, square_columns, tiles},
    palette,
    panels::{channels_of, is_series, points, scale::Scale},
    raster::{MAX_SIDE, Raster},
    zoom::Zoom,
};

/// The line of a small line plot, in pixels.
const THICKNESS: f32 = 1.4;

/// Small pictures of equal size in rows, without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct SpriteSheet {
    /// The file.
    pub png: Vec<u8>,
    /// The number of pictures in a row. Picture `i` is in row `i / columns`.
    pub columns: usize,
    /// Width and height of each picture in pixels.
    pub tile: (usize, usize),
}

/// Draws `samples: [count, ...sample shape]` as a PNG of small pictures, each at most `max_side` pixels wide and high.
///
/// Larger images are shrunk by averaging; smaller ones keep their size. Colours are replaced by a palette of 256
/// colours, so that the file is small; greys are exact. Series are line plots without axes on white, all with the same
/// vertical range, `max_side` wide and five eighths as high.
///
/// # Errors
/// [`PictureError`] if the samples do not have the shape of images or series, if there are none, or too many for a
/// square of 8192 pixels.
pub fn sprite_sheet(
    picture: &Picture,
    samples: &ArrayViewD<'_, f32>,
    max_side: usize,
) -> Result<SpriteSheet, PictureError> {
    let too_many = || PictureError::Size {
        count: samples.len_of(Axis(0)),
        shape: samples.shape().get(1..).unwrap_or_default().to_vec(),
    };
    let (raster, columns, tile) = match picture {
        Picture::Images { range } => {
            let (count, size) = size_of(samples)?;
            let zoom = Zoom::within(max_side, size);
            let tile = (zoom.length(size[1]), zoom.length(size[0]));
            let columns = columns_of(count, tile).ok_or_else(too_many)?;
            (tiles(samples, *range, columns, zoom, 0), columns, tile)
        }
        Picture::Lines { .. } => {
            let count = match samples.shape() {
                [0, ..] => return Err(PictureError::Empty),
                [count, shape @ ..] if is_series(shape) => *count,
                shape => return Err(PictureError::Shape { shape: shape.get(1..).unwrap_or_default().to_vec() }),
            };
            let tile = (max_side.max(8), max_side.max(8) * 5 / 8);
            let columns = columns_of(count, tile).ok_or_else(too_many)?;
            (line_plots(samples, columns, tile), columns, tile)
        }
    };
    let png = raster.small_png().ok_or_else(too_many)?.map_err(PictureError::Encode)?;
    Ok(SpriteSheet { png, columns, tile })
}

/// Returns the number of pictures per row for a sheet that is about square; `None` if it is too large.
fn columns_of(count: usize, (width, height): (usize, usize)) -> Option<usize> {
    let columns = square_columns(count, &[height, width], (MAX_SIDE / width).max(1)).min(count);
    (columns * width <= MAX_SIDE && count.div_ceil(columns) * height <= MAX_SIDE).then_some(columns)
}

fn line_plots(samples: &ArrayViewD<'_, f32>, columns: usize, (width, height): (usize, usize)) -> Raster {
    let count = samples.len_of(Axis(0));
    let scale = Scale::of(samples.iter().copied());
    let mut canvas = Canvas::new(columns * width, count.div_ceil(columns) * height);
    for index in 0..count {
        let (left, top) = (index % columns * width, index / columns * height);
        let (x, y) = (left..left + width, top..top + height);
        for (channel, values) in channels_of(samples, index).iter().flat_map(|sample| sample.outer_iter()).enumerate() {
            let points = points(values.iter().copied(), &x, &y, &scale);
            canvas.line(&points, THICKNESS, palette::color(channel), x.clone(), y.clone());
        }
    }
    canvas.into_raster()
}

#[cfg(test)]
mod tests {
    use std::io;

    use ndarray::ArrayD;

    use super::*;

    /// Returns the width and the pixels, as red, green and blue or as grey.
    fn decode(sheet: &SpriteSheet) -> (usize, Vec<u8>) {
        let mut decoder = png::Decoder::new(io::Cursor::new(&sheet.png));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("small")];
        let info = reader.next_frame(&mut pixels).expect("one frame");
        (info.width as usize, pixels)
    }

    #[test]
    fn every_image_is_at_its_place_with_exact_greys() {
        let images = ArrayD::from_shape_fn(vec![7, 6, 4], |index| index[0] as f32 * 10.0);
        let sheet = sprite_sheet(&Picture::Images { range: (0.0, 255.0) }, &images.view(), 64).expect("images");
        assert_eq!((sheet.tile, sheet.columns), ((4, 6), 4));
        let (width, pixels) = decode(&sheet);
        for index in 0..7 {
            let (x, y) = (index % 4 * 4 + 1, index / 4 * 6 + 5);
            assert_eq!(usize::from(pixels[y * width + x]), index * 10);
        }
    }

    #[test]
    fn large_images_are_shrunk_and_a_few_colours_are_exact() {
        let images = ArrayD::from_shape_fn(vec![3, 100, 130, 3], |index| if index[0] == index[3] { 1.0 } else { 0.0 });
        let sheet = sprite_sheet(&Picture::default(), &images.view(), 64).expect("images");
        assert_eq!(sheet.tile, (44, 34));
        let (width, pixels) = decode(&sheet);
        assert_eq!(width, sheet.columns * 44);
        assert_eq!((&pixels[..3], &pixels[44 * 3..][..3]), (&[255, 0, 0][..], &[0, 255, 0][..]));
    }

    #[test]
    fn series_are_lines_on_white_within_their_tiles() {
        let waves = ArrayD::from_shape_fn(vec![5, 2, 50], |index| ((index[2] + index[0]) as f32 * 0.3).sin());
        let sheet = sprite_sheet(&Picture::Lines { names: None }, &waves.view(), 64).expect("series");
        assert_eq!(sheet.tile, (64, 40));
        let (width, pixels) = decode(&sheet);
        let is_white = |x: usize, y: usize| pixels[(y * width + x) * 3..][..3] == [255, 255, 255];
        for index in 0..5 {
            let (left, top) = (index % sheet.columns * 64, index / sheet.columns * 40);
            assert!((left..left + 64).any(|x| (top..top + 40).any(|y| !is_white(x, y))), "{index}");
        }
    }

    #[test]
    fn too_many_samples_none_and_tables_are_refused() {
        let draw = |shape: &[usize]| sprite_sheet(&Picture::default(), &ArrayD::zeros(shape).view(), 64);
        assert!(matches!(draw(&[0, 8, 8]), Err(PictureError::Empty)));
        assert!(matches!(draw(&[3, 8]), Err(PictureError::Shape { .. })));
        assert!(matches!(draw(&[20_000, 64, 64]), Err(PictureError::Size { count: 20_000, .. })));
    }
}
