//! Animated GIF files of walks through the latent space.

use std::{borrow::Cow, io};

use gif::{Encoder, EncodingError, Frame, Repeat};
use narrows_runtime::ndarray::ArrayViewD;

use crate::{
    Picture, PictureError,
    raster::{PALETTE_SPEED, Raster},
};

/// Draws frames, each `[count, ...sample shape]` with `columns` samples per row, as an animated GIF that loops:
/// forwards and then back, so that it does not jump. Grey images are exact; frames in colour have 256 colours each.
///
/// Asks `should_stop` before each frame is drawn and before it is encoded. A frame is shown for `1 / frames_per_second`
/// seconds, rounded to hundredths. All line plots have the same axis.
///
/// # Errors
/// [`PictureError`] if the samples do not have the shape of images or series, or there are none, and
/// [`PictureError::Interrupted`] if `should_stop` returns true.
pub fn animation(
    picture: &Picture,
    frames: &[ArrayViewD<'_, f32>],
    columns: usize,
    frames_per_second: u16,
    should_stop: &dyn Fn() -> bool,
) -> Result<Vec<u8>, PictureError> {
    let rasters = picture.rasters(frames, columns, should_stop)?;
    let first = rasters.first().ok_or(PictureError::Empty)?;
    let too_large = |raster: &Raster| PictureError::Frame { width: raster.width, height: raster.height };
    let [width, height] = [first.width, first.height].map(u16::try_from);
    let (Ok(width), Ok(height)) = (width, height) else { return Err(too_large(first)) };
    let greys: Vec<u8> =
        if first.channels == 1 { (0..=255).flat_map(|level| [level; 3]).collect() } else { Vec::new() };
    // Browsers show frames of less than 2 hundredths of a second more slowly.
    let delay = (100 / frames_per_second.max(1)).max(2);
    let encode = |error| match error {
        EncodingError::Io(error) => PictureError::Gif(error),
        other => PictureError::Gif(io::Error::other(other)),
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, &greys).map_err(encode)?;
    encoder.set_repeat(Repeat::Infinite).map_err(encode)?;
    let back = rasters.iter().skip(1).rev().skip(1);
    for raster in rasters.iter().chain(back) {
        if should_stop() {
            return Err(PictureError::Interrupted);
        }
        if (raster.width, raster.height) != (first.width, first.height) {
            return Err(too_large(raster));
        }
        let mut frame = match raster.channels {
            1 => Frame { width, height, buffer: Cow::Borrowed(&raster.pixels), ..Frame::default() },
            _ => Frame::from_rgb_speed(width, height, &raster.pixels, PALETTE_SPEED),
        };
        frame.delay = delay;
        encoder.write_frame(&frame).map_err(encode)?;
    }
    drop(encoder);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use narrows_runtime::ndarray::ArrayD;

    use super::*;

    struct Decoded {
        delays: Vec<u16>,
        /// The frames as red, green, blue and opacity.
        frames: Vec<Vec<u8>>,
        loops: bool,
    }

    fn decode(bytes: &[u8]) -> Decoded {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes).expect("a GIF");
        let (mut delays, mut frames) = (Vec::new(), Vec::new());
        while let Some(frame) = decoder.read_next_frame().expect("a frame") {
            delays.push(frame.delay);
            frames.push(frame.buffer.to_vec());
        }
        Decoded { delays, frames, loops: decoder.repeat() == Repeat::Infinite }
    }

    #[test]
    fn a_walk_goes_forwards_and_back_with_exact_greys() {
        let frames: Vec<_> = [0.0, 64.0, 255.0].map(|value| ArrayD::from_elem(vec![2, 60, 60], value)).into();
        let views: Vec<_> = frames.iter().map(|frame| frame.view()).collect();
        let picture = Picture::Images { range: (0.0, 255.0) };
        let found = decode(&animation(&picture, &views, 2, 10, &|| false).expect("a walk"));
        assert!(found.loops);
        assert_eq!(found.delays, [10; 4]);
        // A pixel of the first image, after the gap.
        let levels: Vec<u8> = found.frames.iter().map(|frame| frame[(3 * (2 * 182 + 2) + 3) * 4]).collect();
        assert_eq!(levels, [0, 64, 255, 64]);
    }

    #[test]
    fn series_and_colours_are_animated_and_no_frames_are_refused() {
        let picture = Picture::Lines { names: None };
        let waves = ArrayD::from_shape_fn(vec![1, 30], |index| (index[1] as f32).sin());
        let found = decode(&animation(&picture, &[waves.view(), waves.view()], 4, 50, &|| false).expect("series"));
        assert_eq!(found.delays, [2, 2]);
        let red = ArrayD::from_shape_fn(vec![1, 60, 60, 3], |index| f32::from(u8::from(index[3] == 0)));
        let found = decode(&animation(&Picture::default(), &[red.view()], 1, 1, &|| false).expect("colours"));
        assert_eq!(found.frames[0][(3 * 184 + 3) * 4..][..3], [255, 0, 0]);
        assert!(matches!(animation(&Picture::default(), &[], 1, 10, &|| false), Err(PictureError::Empty)));
    }

    #[test]
    fn a_walk_stops_before_any_frame() {
        let frames: Vec<_> = (0..5).map(|level| ArrayD::from_elem(vec![1, 8, 8], level as f32 / 5.0)).collect();
        let views: Vec<_> = frames.iter().map(|frame| frame.view()).collect();
        // Five frames are drawn, and eight are encoded: forwards and back.
        for after in 0..13 {
            let asked = std::cell::Cell::new(0);
            let should_stop = || asked.replace(asked.get() + 1) == after;
            let stopped = animation(&Picture::default(), &views, 1, 10, &should_stop);
            assert!(matches!(stopped, Err(PictureError::Interrupted)), "{after}");
            assert_eq!(asked.get(), after + 1);
        }
    }
}
