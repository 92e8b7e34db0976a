//! Draws series as line plots: one panel per sample, one line per channel.

pub(crate) mod scale;

use std::ops::Range;

use narrows_runtime::ndarray::{ArrayView2, ArrayViewD, Axis, Ix2};

use self::scale::Scale;
use crate::{
    PictureError,
    canvas::{CHARACTER, Canvas, Color},
    palette,
    raster::{MAX_SIDE, Raster},
};

/// Width and height in pixels of the plot in a panel.
const PLOT: (usize, usize) = (400, 150);
/// Space between panels.
const GAP: usize = 24;
/// Space of the labels of the vertical axis.
const LEFT: usize = 7 * CHARACTER;
/// Space of a line of text.
const LINE: usize = CHARACTER + 8;
/// Length of a line in the legend.
const SAMPLE_LINE: usize = 40;
const THICKNESS: f32 = 2.2;
const INK: Color = [60, 60, 60];
const FRAME: Color = [200, 200, 200];
const TICK: Color = [228, 228, 228];
/// The originals, below their reconstructions.
const ORIGINAL: Color = [165, 165, 165];

/// Series to draw.
#[derive(Debug, Clone, Copy)]
pub struct LinePlots<'a> {
    /// `[count, length]` or `[count, channels, length]`.
    pub series: &'a ArrayViewD<'a, f32>,
    /// Series of the same shape that are drawn in grey below them: the originals of reconstructions.
    pub originals: Option<&'a ArrayViewD<'a, f32>>,
    /// A label for each panel.
    pub labels: Option<&'a [String]>,
    /// Names of the channels.
    pub names: Option<&'a [String]>,
}

/// Whether samples of this shape can be series: `[length]` or `[channels, length]`.
pub(crate) fn is_series(shape: &[usize]) -> bool {
    matches!(shape, [_] | [_, _]) && shape.iter().all(|&size| size > 0)
}

impl LinePlots<'_> {
    /// Draws the series as a PNG with `columns` panels per row. All panels have the same axes. Values that are not
    /// finite are left out.
    ///
    /// # Errors
    /// [`PictureError::Shape`] if the samples are not series or the originals have another shape,
    /// [`PictureError::Size`] for too many, [`PictureError::Empty`] for none.
    pub fn draw(&self, columns: usize) -> Result<Vec<u8>, PictureError> {
        let values = self.series.iter().chain(self.originals.into_iter().flatten());
        let raster = self.raster(columns, &Scale::of(values.copied()))?;
        raster.png().ok_or_else(|| self.too_large())?.map_err(PictureError::Encode)
    }

    /// Draws the same panels as pixels, with this vertical axis.
    pub(crate) fn raster(&self, columns: usize, scale: &Scale) -> Result<Raster, PictureError> {
        let (count, shape) = match self.series.shape() {
            [0, ..] => return Err(PictureError::Empty),
            [count, shape @ ..] if is_series(shape) => (*count, shape),
            shape => return Err(PictureError::Shape { shape: shape.get(1..).unwrap_or_default().to_vec() }),
        };
        if let Some(originals) = self.originals.filter(|originals| originals.shape() != self.series.shape()) {
            return Err(PictureError::Shape { shape: originals.shape().get(1..).unwrap_or_default().to_vec() });
        }
        let layout = Layout {
            columns: columns.clamp(1, count),
            legend: usize::from(shape.len() == 2 && shape[0] > 1 || self.originals.is_some()) * LINE,
            label: usize::from(self.labels.is_some()) * LINE,
        };
        let (width, height) = layout.size(count);
        if width.max(height) > MAX_SIDE {
            return Err(self.too_large());
        }
        let mut canvas = Canvas::new(width, height);
        self.legend(&mut canvas, width);
        for index in 0..count {
            self.panel(&mut canvas, index, &layout, scale);
        }
        layout.label_axes(&mut canvas, count, scale, shape.last().copied().unwrap_or(1));
        Ok(canvas.into_raster())
    }

    fn too_large(&self) -> PictureError {
        let (count, shape) = (self.series.len_of(Axis(0)), self.series.shape().get(1..).unwrap_or_default().to_vec());
        PictureError::Size { count, shape }
    }

    fn panel(&self, canvas: &mut Canvas, index: usize, layout: &Layout, scale: &Scale) {
        let (x, y) = layout.plot(index);
        for tick in scale.ticks() {
            let line = scale.pixel(tick, &y) as usize;
            canvas.fill(x.clone(), line..line + 1, TICK);
        }
        for side in [y.start, y.end - 1] {
            canvas.fill(x.clone(), side..side + 1, FRAME);
        }
        for side in [x.start, x.end - 1] {
            canvas.fill(side..side + 1, y.clone(), FRAME);
        }
        if let Some(label) = self.labels.and_then(|labels| labels.get(index)) {
            let label: String = label.chars().take(PLOT.0 / CHARACTER).collect();
            canvas.text(&label, x.start, y.start - LINE + 4, INK);
        }
        let mut draw = |series: &ArrayViewD<'_, f32>, color: &dyn Fn(usize) -> Color| {
            let Some(channels) = channels_of(series, index) else { return };
            for (channel, values) in channels.outer_iter().enumerate() {
                let points = points(values.iter().copied(), &x, &y, scale);
                canvas.line(&points, THICKNESS, color(channel), x.clone(), y.clone());
            }
        };
        if let Some(originals) = self.originals {
            draw(originals, &|_| ORIGINAL);
        }
        draw(self.series, &palette::color);
    }

    /// Writes the names of the lines above the panels, as many as fit.
    fn legend(&self, canvas: &mut Canvas, width: usize) {
        let channels = if self.series.ndim() == 3 { self.series.len_of(Axis(1)) } else { 1 };
        let original = self.originals.map(|_| ("original".to_owned(), ORIGINAL));
        let lines = (0..channels).map(|channel| {
            let name = match self.names.filter(|names| names.len() == channels).and_then(|names| names.get(channel)) {
                Some(name) => name.clone(),
                None if channels > 1 => format!("channel {channel}"),
                None => "reconstruction".to_owned(),
            };
            (name, palette::color(channel))
        });
        if channels == 1 && original.is_none() {
            return;
        }
        let mut left = LEFT;
        for (name, color) in original.into_iter().chain(lines) {
            let length = SAMPLE_LINE + (name.chars().count() + 2) * CHARACTER;
            if left + length > width {
                canvas.text("...", left, GAP / 2, INK);
                return;
            }
            let middle = GAP / 2 + CHARACTER / 2;
            canvas.fill(left..left + SAMPLE_LINE - 8, middle - 2..middle + 1, color);
            canvas.text(&name, left + SAMPLE_LINE, GAP / 2, INK);
            left += length;
        }
    }
}

/// The positions of panels.
struct Layout {
    columns: usize,
    /// Height of the legend.
    legend: usize,
    /// Height of the label of a panel.
    label: usize,
}

impl Layout {
    fn size(&self, count: usize) -> (usize, usize) {
        let height = GAP + self.legend + count.div_ceil(self.columns) * (self.label + PLOT.1 + GAP) + LINE;
        // The legend needs the width of two panels.
        (LEFT + self.columns.max(2) * (PLOT.0 + GAP), height)
    }

    /// Returns the pixels of the plot of a panel.
    fn plot(&self, index: usize) -> (Range<usize>, Range<usize>) {
        let left = LEFT + index % self.columns * (PLOT.0 + GAP);
        let top = GAP + self.legend + index / self.columns * (self.label + PLOT.1 + GAP) + self.label;
        (left..left + PLOT.0, top..top + PLOT.1)
    }

    /// Writes the values of the ticks at the left of every row, and the first and last time step below every column.
    fn label_axes(&self, canvas: &mut Canvas, count: usize, scale: &Scale, length: usize) {
        for first in (0..count).step_by(self.columns) {
            let (x, y) = self.plot(first);
            for tick in scale.ticks() {
                let text = scale.label(tick);
                let left = x.start.saturating_sub((text.chars().count() + 1) * CHARACTER - CHARACTER / 2);
                let top = (scale.pixel(tick, &y) as usize).saturating_sub(CHARACTER / 2);
                canvas.text(&text, left, top, INK);
            }
        }
        for last in count.saturating_sub(self.columns)..count {
            let (x, y) = self.plot(last);
            let text = (length - 1).to_string();
            canvas.text("0", x.start, y.end + 6, INK);
            canvas.text(&text, x.end.saturating_sub(text.len() * CHARACTER), y.end + 6, INK);
        }
    }
}

/// Returns one sample as `[channels, length]`.
pub(crate) fn channels_of<'a>(series: &'a ArrayViewD<'_, f32>, index: usize) -> Option<ArrayView2<'a, f32>> {
    let sample = series.index_axis(Axis(0), index);
    let sample = if sample.ndim() == 1 { sample.insert_axis(Axis(0)) } else { sample };
    sample.into_dimensionality::<Ix2>().ok()
}

/// Returns the pixels of a line. A line with many values per pixel goes through the extremes of every column.
pub(crate) fn points(
    values: impl ExactSizeIterator<Item = f32>,
    x: &Range<usize>,
    y: &Range<usize>,
    scale: &Scale,
) -> Vec<(f32, f32)> {
    let last = values.len().saturating_sub(1).max(1) as f32;
    let width = (x.len() - 1) as f32;
    let is_dense = values.len() > 4 * x.len();
    let points = values
        .enumerate()
        .map(|(index, value)| (x.start as f32 + 0.5 + index as f32 / last * width, scale.pixel(value, y)));
    if is_dense { extremes_per_column(points) } else { points.collect() }
}

fn extremes_per_column(points: impl Iterator<Item = (f32, f32)>) -> Vec<(f32, f32)> {
    let mut columns: Vec<(f32, [f32; 2])> = Vec::new();
    for (x, y) in points.filter(|(_, y)| y.is_finite()) {
        match columns.last_mut().filter(|(column, _)| *column == x.floor()) {
            Some((_, [low, high])) => (*low, *high) = (low.min(y), high.max(y)),
            None => columns.push((x.floor(), [y, y])),
        }
    }
    columns.into_iter().flat_map(|(x, extremes)| extremes.map(|y| (x + 0.5, y))).collect()
}

#[cfg(test)]
mod tests;
