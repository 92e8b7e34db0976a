//! Draws samples as a grid of images in a PNG.

use narrows_runtime::ndarray::ArrayViewD;

use crate::{PictureError, canvas::png};

/// The minimum length in pixels of the shorter side of an image. Smaller images are magnified.
const MIN_SIDE: usize = 56;
/// The gap between images in pixels.
const GAP: usize = 2;
const BACKGROUND: u8 = 96;

/// Whether samples of this shape are images: `[height, width]` or `[height, width, channels]` with 1 or 3 channels.
pub fn is_picture(shape: &[usize]) -> bool {
    match shape {
        [height, width] | [height, width, 1 | 3] => *height > 0 && *width > 0,
        _ => false,
    }
}

/// Draws `pictures: [count, ...sample shape]` as a PNG with `columns` images per row. `range` contains the values of
/// black and white. Values outside are clipped, and NaN becomes black.
///
/// # Errors
/// [`PictureError::Shape`] if the samples are not images, [`PictureError::Size`] for too many, [`PictureError::Empty`]
/// for none.
pub fn grid(pictures: &ArrayViewD<'_, f32>, range: (f32, f32), columns: usize) -> Result<Vec<u8>, PictureError> {
    let (count, shape) = match pictures.shape() {
        [count, shape @ ..] if is_picture(shape) && *count > 0 => (*count, shape.to_vec()),
        [0, ..] => return Err(PictureError::Empty),
        shape => return Err(PictureError::Shape { shape: shape.get(1..).unwrap_or_default().to_vec() }),
    };
    let (height, width) = (shape[0], shape[1]);
    let channels = shape.get(2).copied().unwrap_or(1);
    let columns = columns.clamp(1, count);
    let factor = MIN_SIDE.div_ceil(height.min(width));
    let length = |cells: usize, side: usize| cells * (side * factor + GAP) + GAP;
    let (grid_width, grid_height) = (length(columns, width), length(count.div_ceil(columns), height));
    if [grid_width, grid_height].iter().any(|&side| side > usize::from(u16::MAX)) {
        return Err(PictureError::Size { count, shape });
    }
    let mut canvas = vec![BACKGROUND; grid_width * grid_height * channels];
    for (index, picture) in pictures.outer_iter().enumerate() {
        let (left, top) = (length(index % columns, width), length(index / columns, height));
        let values: Vec<u8> = picture.iter().map(|&value| to_byte(value, range)).collect();
        for y in 0..height * factor {
            for x in 0..width * factor {
                let from = ((y / factor) * width + x / factor) * channels;
                let into = ((top + y) * grid_width + left + x) * channels;
                canvas[into..into + channels].copy_from_slice(&values[from..from + channels]);
            }
        }
    }
    let color = if channels == 3 { png::ColorType::Rgb } else { png::ColorType::Grayscale };
    png(grid_width, grid_height, color, &canvas)
        .ok_or(PictureError::Size { count, shape })?
        .map_err(PictureError::Encode)
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
            ArrayD::from_shape_vec(vec![3, 56, 56], [vec![0.0; 3136], vec![16.0; 3136], vec![8.0; 3136]].concat());
        let bytes = grid(&values.expect("56 * 56").view(), (0.0, 16.0), 2).expect("pictures");
        let (width, height, pixels) = decode(&bytes);
        assert_eq!((width, height), (2 * 58 + 2, 2 * 58 + 2));
        let at = |x: usize, y: usize| pixels[y * width as usize + x];
        assert_eq!([at(30, 30), at(90, 30), at(30, 90), at(90, 90)], [0, 255, 128, BACKGROUND]);
    }

    #[test]
    fn samples_of_tables_are_refused() {
        let rows = ArrayD::<f32>::zeros(vec![4, 10]);
        let error = grid(&rows.view(), (0.0, 1.0), 2).expect_err("a table").to_string();
        assert!(error.contains("[10]"), "{error}");
    }
}
