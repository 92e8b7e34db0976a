//! A canvas of RGB pixels: rectangles, smooth lines and text.

use std::ops::Range;

use font8x8::UnicodeFonts;

use crate::raster::Raster;

/// Size in pixels of a character, including its spacing.
pub(crate) const CHARACTER: usize = 16;
/// Size of a pixel of the font, which has 8 x 8 pixels per character.
const FONT_SCALE: usize = CHARACTER / 8;

/// A colour: red, green, blue.
pub(crate) type Color = [u8; 3];

/// An image with a white background.
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Canvas {
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Canvas { width, height, pixels: vec![255; width * height * 3] }
    }

    /// Fills a rectangle; parts outside the canvas are ignored.
    pub(crate) fn fill(&mut self, x: Range<usize>, y: Range<usize>, color: Color) {
        for line in y.start..y.end.min(self.height) {
            for column in x.start..x.end.min(self.width) {
                self.blend(column, line, color, 1.0);
            }
        }
    }

    /// Draws a line through points, in pixels, within a rectangle of the canvas. Nothing is drawn next to a point that
    /// is not finite.
    pub(crate) fn line(
        &mut self,
        points: &[(f32, f32)],
        thickness: f32,
        color: Color,
        x: Range<usize>,
        y: Range<usize>,
    ) {
        // The opacity of every pixel is its largest one for any segment, so that overlapping ends are not darker.
        let (x, y) = (x.start..x.end.min(self.width), y.start..y.end.min(self.height));
        let mut opacity = vec![0_f32; x.len() * y.len()];
        let radius = thickness / 2.0;
        let pixels = |low: f32, high: f32, range: &Range<usize>| {
            // The casts saturate.
            let first = (low - radius - 1.0).floor().max(0.0) as usize;
            let last = (high + radius + 1.0).ceil().max(0.0) as usize;
            first.max(range.start)..last.saturating_add(1).min(range.end)
        };
        for pair in points.windows(2) {
            let [from, to] = [pair[0], pair[1]];
            if ![from.0, from.1, to.0, to.1].iter().all(|value| value.is_finite()) {
                continue;
            }
            for line in pixels(from.1.min(to.1), from.1.max(to.1), &y) {
                for column in pixels(from.0.min(to.0), from.0.max(to.0), &x) {
                    let distance = distance((column as f32 + 0.5, line as f32 + 0.5), from, to);
                    let own = &mut opacity[(line - y.start) * x.len() + column - x.start];
                    *own = own.max((radius + 0.5 - distance).clamp(0.0, 1.0));
                }
            }
        }
        for (index, &opacity) in opacity.iter().enumerate().filter(|(_, opacity)| **opacity > 0.0) {
            self.blend(x.start + index % x.len(), y.start + index / x.len(), color, opacity);
        }
    }

    /// Writes text whose top left corner is at this pixel. A character that the font lacks becomes a question mark.
    pub(crate) fn text(&mut self, text: &str, left: usize, top: usize, color: Color) {
        for (index, character) in text.chars().enumerate() {
            let glyph = font8x8::BASIC_FONTS.get(character).or_else(|| font8x8::LATIN_FONTS.get(character));
            let glyph = glyph.or_else(|| font8x8::GREEK_FONTS.get(character)).or(font8x8::BASIC_FONTS.get('?'));
            for (row, bits) in glyph.unwrap_or_default().into_iter().enumerate() {
                for column in (0..8).filter(|column| bits >> column & 1 == 1) {
                    let (x, y) = (left + index * CHARACTER + column * FONT_SCALE, top + row * FONT_SCALE);
                    self.fill(x..x + FONT_SCALE, y..y + FONT_SCALE, color);
                }
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, color: Color, opacity: f32) {
        let start = (y * self.width + x) * 3;
        for (old, new) in self.pixels[start..start + 3].iter_mut().zip(color) {
            *old = (f32::from(*old) + opacity * (f32::from(new) - f32::from(*old))).round() as u8;
        }
    }

    /// Returns the pixels.
    pub(crate) fn into_raster(self) -> Raster {
        Raster { width: self.width, height: self.height, channels: 3, pixels: self.pixels }
    }
}

/// Returns the distance of a point to a segment.
fn distance(point: (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (along, of) = ((to.0 - from.0, to.1 - from.1), (point.0 - from.0, point.1 - from.1));
    let squared = along.0 * along.0 + along.1 * along.1;
    let position = if squared > 0.0 { ((of.0 * along.0 + of.1 * along.1) / squared).clamp(0.0, 1.0) } else { 0.0 };
    (of.0 - position * along.0).hypot(of.1 - position * along.1)
}
