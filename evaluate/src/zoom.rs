//! How much the images of a grid are magnified or shrunk.

use crate::raster::MAX_SIDE;

/// Maximum length in pixels of the longer side of a magnified image.
const MAX_MAGNIFIED: usize = 224;
/// The gap between images in pixels.
pub(crate) const GAP: usize = 2;

/// The factor between the pixels of an image and those of the picture, the same for both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zoom {
    /// Repeats each pixel this many times.
    Magnify(usize),
    /// Averages squares with sides of this many pixels.
    Shrink(usize),
}

impl Zoom {
    /// Returns the zoom for a grid of images of `[height, width]` pixels in these columns and rows; `None` if the grid
    /// is too large even if each image is a single pixel.
    pub(crate) fn of([height, width]: [usize; 2], columns: usize, rows: usize) -> Option<Self> {
        let fits = |zoom: Zoom| {
            grid_length(columns, zoom.length(width), GAP) <= MAX_SIDE
                && grid_length(rows, zoom.length(height), GAP) <= MAX_SIDE
        };
        let wanted =
            min_side(columns.max(rows)).div_ceil(height.min(width)).min((MAX_MAGNIFIED / height.max(width)).max(1));
        let magnified = (1..=wanted).rev().map(Zoom::Magnify);
        // Sizes of images, not numbers of them: few candidates are tried.
        let shrunk = (2..=height.max(width)).map(Zoom::Shrink);
        magnified.chain(shrunk).find(|&zoom| fits(zoom))
    }

    /// Returns the zoom of an image of `[height, width]` pixels that shrinks its longer side to at most this length.
    pub(crate) fn within(side: usize, [height, width]: [usize; 2]) -> Self {
        match height.max(width).div_ceil(side.max(1)) {
            0 | 1 => Zoom::Magnify(1),
            factor => Zoom::Shrink(factor),
        }
    }

    /// Returns the length in the picture of a side of this many pixels.
    pub(crate) fn length(self, side: usize) -> usize {
        match self {
            Zoom::Magnify(factor) => side * factor,
            Zoom::Shrink(factor) => side.div_ceil(factor),
        }
    }

    /// Returns one pixel of the picture of an image with rows of `width` pixels: the mean of the pixels that it covers.
    pub(crate) fn pixel(
        self,
        (x, y): (usize, usize),
        [height, width]: [usize; 2],
        value: impl Fn(usize) -> f32,
    ) -> f32 {
        match self {
            Zoom::Magnify(factor) => value((y / factor) * width + x / factor),
            Zoom::Shrink(factor) => {
                let rows = y * factor..((y + 1) * factor).min(height);
                let columns = x * factor..((x + 1) * factor).min(width);
                let count = (rows.len() * columns.len()).max(1);
                let sum: f32 =
                    rows.flat_map(|row| columns.clone().map(move |column| row * width + column)).map(value).sum();
                sum / count as f32
            }
        }
    }
}

/// Returns the minimum length in pixels of the shorter side of an image, for the larger number of columns or rows.
/// Smaller images are magnified.
fn min_side(cells: usize) -> usize {
    match cells {
        0..=2 => 224,
        3..=4 => 112,
        5.. => 56,
    }
}

/// Returns the length of a grid with this many cells of `side` pixels, with gaps around them.
pub(crate) fn grid_length(cells: usize, side: usize, gap: usize) -> usize {
    cells.saturating_mul(side + gap).saturating_add(gap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_images_are_magnified_and_large_grids_are_shrunk_until_they_fit() {
        for (shape, columns, rows, expected) in [
            ([8, 8], 16, 16, Some(Zoom::Magnify(7))),
            ([28, 28], 16, 16, Some(Zoom::Magnify(2))),
            ([64, 64], 16, 16, Some(Zoom::Magnify(1))),
            // A long image is not magnified by its short side.
            ([2, 100], 4, 4, Some(Zoom::Magnify(2))),
            // A few images are larger.
            ([8, 8], 1, 1, Some(Zoom::Magnify(28))),
            ([28, 28], 3, 2, Some(Zoom::Magnify(4))),
            ([8, 8], 500, 1, Some(Zoom::Magnify(1))),
            ([512, 512], 16, 16, Some(Zoom::Shrink(2))),
            ([512, 512], 1, 1, Some(Zoom::Magnify(1))),
            ([10_000, 30], 1, 1, Some(Zoom::Shrink(2))),
            ([8, 8], 10_000, 1, None),
        ] {
            assert_eq!(Zoom::of(shape, columns, rows), expected, "{shape:?} in {columns} x {rows}");
        }
    }

    #[test]
    fn a_shrunk_pixel_is_the_mean_of_those_that_exist() {
        let image = [1.0, 3.0, 10.0, 5.0, 7.0, 20.0, 100.0, 200.0, 400.0];
        let at = |x, y| Zoom::Shrink(2).pixel((x, y), [3, 3], |index| image[index]);
        assert_eq!([at(0, 0), at(1, 0), at(0, 1), at(1, 1)], [4.0, 15.0, 150.0, 400.0]);
        assert_eq!(Zoom::Magnify(2).pixel((3, 5), [3, 3], |index| image[index]), 200.0);
    }
}
