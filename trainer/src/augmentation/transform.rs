//! Affine transformations of images with bilinear interpolation. Outside of the image, the pixels of its edge are
//! repeated.

use crate::numeric::vectorized;

/// Height, width and number of channels of an image. Channels are last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ImageSize {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl ImageSize {
    /// Returns the size for samples of shape `[height, width]` or `[height, width, channels]`; `None` for other shapes.
    pub(super) fn of_shape(shape: &[usize]) -> Option<Self> {
        let [height, width, channels] = match *shape {
            [height, width] => [height, width, 1],
            [height, width, channels] => [height, width, channels],
            _ => return None,
        };
        (height > 0 && width > 0 && channels > 0).then_some(ImageSize { height, width, channels })
    }

    /// The largest coordinates of a pixel, `[y, x]`.
    fn last(self) -> [f64; 2] {
        [self.height, self.width].map(|length| length.saturating_sub(1) as f64)
    }
}

/// A map from a position in the new image, in pixels, to the position in the old image:
/// `(y, x) -> (y[0] y + y[1] x + y[2], x[0] y + x[1] x + x[2])`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Transform {
    y: [f64; 3],
    x: [f64; 3],
}

impl Transform {
    pub(super) const IDENTITY: Transform = Transform { y: [1.0, 0.0, 0.0], x: [0.0, 1.0, 0.0] };

    /// Mirrors left to right.
    pub(super) fn mirror(size: ImageSize) -> Self {
        Transform { x: [0.0, -1.0, size.last()[1]], ..Transform::IDENTITY }
    }

    /// Moves the image down and to the right.
    pub(super) fn shift(down: f64, right: f64) -> Self {
        Transform { y: [1.0, 0.0, -down], x: [0.0, 1.0, -right] }
    }

    /// Removes `removed` rows and columns, of which `[top, left]` are at the top and the left, and resizes the rest to
    /// the size of the image.
    pub(super) fn crop(size: ImageSize, removed: usize, [top, left]: [f64; 2]) -> Self {
        let factor = |last: f64| if last > 0.0 { (last - removed as f64) / last } else { 1.0 };
        let [height, width] = size.last().map(factor);
        Transform { y: [height, 0.0, top], x: [0.0, width, left] }
    }

    /// Rotates around the centre of the image.
    pub(super) fn rotation(size: ImageSize, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let [y, x] = size.last().map(|last| last / 2.0);
        Transform { y: [cos, -sin, y - cos * y + sin * x], x: [sin, cos, x - sin * y - cos * x] }
    }

    /// Returns the transformation that does this one, then `next`.
    pub(super) fn then(self, next: Transform) -> Self {
        let row = |[y, x, constant]: [f64; 3]| {
            let combined: [f64; 3] = std::array::from_fn(|index| y * next.y[index] + x * next.x[index]);
            [combined[0], combined[1], combined[2] + constant]
        };
        Transform { y: row(self.y), x: row(self.x) }
    }

    /// Writes the transformed image `row` to `into`. Values are converted by `widen`.
    pub(super) fn apply<V: Copy>(self, size: ImageSize, row: &[V], widen: impl Fn(V) -> f32 + Copy, into: &mut [f32]) {
        vectorized(
            #[inline(always)]
            || match self.whole() {
                Some(whole) => copy(whole, size, row, widen, into),
                None => interpolate(self, size, row, widen, into),
            },
        );
    }

    /// Returns the transformation if it moves pixels to pixels without turning the image by 90 degrees.
    fn whole(self) -> Option<Whole> {
        let Transform { y: [1.0, 0.0, down], x: [0.0, along, right] } = self else { return None };
        let is_whole = down.fract() == 0.0 && right.fract() == 0.0 && (along == 1.0 || along == -1.0);
        is_whole.then_some(Whole { down: down as isize, along: along as isize, right: right as isize })
    }
}

/// A transformation that moves pixels to pixels: `(y, x) -> (y + down, along x + right)` with `along` 1 or -1.
#[derive(Clone, Copy)]
struct Whole {
    down: isize,
    along: isize,
    right: isize,
}

#[inline(always)]
fn copy<V: Copy>(whole: Whole, size: ImageSize, row: &[V], widen: impl Fn(V) -> f32, into: &mut [f32]) {
    let ImageSize { height, width, channels } = size;
    let nearest = |position: isize, length: usize| position.clamp(0, length as isize - 1) as usize;
    for (y, line) in into.chunks_exact_mut(width * channels).enumerate() {
        let from = &row[nearest(y as isize + whole.down, height) * width * channels..][..width * channels];
        for (x, pixel) in line.chunks_exact_mut(channels).enumerate() {
            let from = &from[nearest(whole.along * x as isize + whole.right, width) * channels..][..channels];
            for (value, &from) in pixel.iter_mut().zip(from) {
                *value = widen(from);
            }
        }
    }
}

#[inline(always)]
fn interpolate<V: Copy>(transform: Transform, size: ImageSize, row: &[V], widen: impl Fn(V) -> f32, into: &mut [f32]) {
    let ImageSize { height, width, channels } = size;
    let [last_y, last_x] = size.last().map(|last| last as f32);
    let (to_y, to_x) = (transform.y.map(|factor| factor as f32), transform.x.map(|factor| factor as f32));
    for (y, line) in into.chunks_exact_mut(width * channels).enumerate() {
        let (start_y, start_x) = (to_y[0] * y as f32 + to_y[2], to_x[0] * y as f32 + to_x[2]);
        for (x, pixel) in line.chunks_exact_mut(channels).enumerate() {
            let at_y = (start_y + to_y[1] * x as f32).clamp(0.0, last_y);
            let at_x = (start_x + to_x[1] * x as f32).clamp(0.0, last_x);
            let (top, left) = (at_y as usize, at_x as usize);
            let (bottom, right) = ((top + 1).min(height - 1), (left + 1).min(width - 1));
            let (part_y, part_x) = (at_y - top as f32, at_x - left as f32);
            let corner = |y: usize, x: usize| &row[(y * width + x) * channels..][..channels];
            let corners = [corner(top, left), corner(top, right), corner(bottom, left), corner(bottom, right)];
            for (channel, value) in pixel.iter_mut().enumerate() {
                let [top_left, top_right, bottom_left, bottom_right] = corners.map(|corner| widen(corner[channel]));
                let above = top_left + (top_right - top_left) * part_x;
                let below = bottom_left + (bottom_right - bottom_left) * part_x;
                *value = above + (below - above) * part_y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: ImageSize = ImageSize { height: 3, width: 4, channels: 2 };

    /// An image whose values name the row, the column and the channel.
    fn picture() -> Vec<f32> {
        (0..24).map(|index| (100 * (index / 8) + 10 * (index % 8 / 2) + index % 2) as f32).collect()
    }

    fn transformed(transform: Transform, picture: &[f32]) -> Vec<f32> {
        let mut into = vec![f32::NAN; picture.len()];
        transform.apply(SIZE, picture, |value| value, &mut into);
        into
    }

    #[test]
    fn mirroring_twice_is_the_identity_and_once_is_not() {
        let mirror = Transform::mirror(SIZE);
        let once = transformed(mirror, &picture());
        assert_eq!(once[..8], [30.0, 31.0, 20.0, 21.0, 10.0, 11.0, 0.0, 1.0]);
        assert_eq!(transformed(mirror, &once), picture());
        assert_eq!(mirror.then(mirror), Transform::IDENTITY);
    }

    #[test]
    fn a_shift_moves_the_image_and_repeats_its_edge() {
        let down_and_left = transformed(Transform::shift(1.0, -2.0), &picture());
        let line = |start: f32| [20.0, 21.0, 30.0, 31.0, 30.0, 31.0, 30.0, 31.0].map(|value| value + start);
        assert_eq!(down_and_left, [line(0.0), line(0.0), line(100.0)].concat());
    }

    #[test]
    fn a_rotation_by_0_degrees_is_the_identity_and_by_180_degrees_reverses_the_pixels() {
        assert_eq!(Transform::rotation(SIZE, 0.0), Transform::IDENTITY);
        let reversed: Vec<f32> = picture().chunks(2).rev().flatten().copied().collect();
        let rotated = transformed(Transform::rotation(SIZE, 180.0), &picture());
        // Positions are computed in 32-bit floats, and neighbours differ by at most 100.
        assert!(rotated.iter().zip(&reversed).all(|(one, other)| (one - other).abs() < 1e-3), "{rotated:?}");
    }

    #[test]
    fn a_quarter_turn_of_a_square_moves_columns_to_rows() {
        let size = ImageSize { height: 2, width: 2, channels: 1 };
        let mut into = [0.0; 4];
        Transform::rotation(size, 90.0).apply(size, &[1u8, 2, 3, 4], f32::from, &mut into);
        let rounded = into.map(f32::round);
        assert_eq!(rounded, [3.0, 1.0, 4.0, 2.0]);
    }

    #[test]
    fn a_crop_keeps_the_corners_of_the_rest_and_interpolates_between_them() {
        // Keeps rows 1 and 2, and columns 0 to 2; the new columns are 2/3 of a pixel apart.
        let cropped = transformed(Transform::crop(SIZE, 1, [1.0, 0.0]), &picture());
        let first_channel: Vec<f32> = cropped.iter().step_by(2).copied().collect();
        let line = [0.0, 20.0 / 3.0, 40.0 / 3.0, 20.0];
        let expected: Vec<f32> = [100.0, 150.0, 200.0].iter().flat_map(|row| line.map(|value| row + value)).collect();
        assert!(first_channel.iter().zip(&expected).all(|(one, other)| (one - other).abs() < 1e-4), "{cropped:?}");
    }

    #[test]
    fn a_constant_image_stays_exactly_constant() {
        let constant = vec![254.7f32; 24];
        for transform in [Transform::rotation(SIZE, 33.0), Transform::crop(SIZE, 2, [1.0, 0.0])] {
            assert_eq!(transformed(transform, &constant), constant);
        }
    }

    #[test]
    fn transformations_are_combined_in_the_order_in_which_they_are_given() {
        let (mirror, shift) = (Transform::mirror(SIZE), Transform::shift(0.0, 1.0));
        let one_after_the_other = transformed(shift, &transformed(mirror, &picture()));
        assert_eq!(transformed(mirror.then(shift), &picture()), one_after_the_other);
        assert_ne!(transformed(shift.then(mirror), &picture()), one_after_the_other);
    }
}
