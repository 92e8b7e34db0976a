//! How the samples of a model are drawn.

use narrows_runtime::{
    bundle::{Sample, SampleKind},
    ndarray::ArrayViewD,
};

use crate::{
    LinePlots, PictureError,
    grid::{grid, is_picture, raster, square_columns},
    panels::{is_series, scale::Scale},
    raster::Raster,
};

/// Largest number of images per row.
const IMAGE_COLUMNS: usize = 16;
/// Number of line plots per row.
const PANEL_COLUMNS: usize = 4;

/// How samples are drawn: images in a grid, or series as line plots.
#[derive(Debug, Clone, PartialEq)]
pub enum Picture {
    /// Images in a grid.
    Images {
        /// The values of black and white.
        range: (f32, f32),
    },
    /// Line plots.
    Lines {
        /// Names of the channels, if they have names.
        names: Option<Vec<String>>,
    },
}

impl Default for Picture {
    /// Images of values in `[0, 1]`.
    fn default() -> Self {
        Picture::Images { range: (0.0, 1.0) }
    }
}

impl Picture {
    /// Returns how the samples of a model are drawn.
    pub fn of(sample: &Sample) -> Self {
        match sample.kind {
            SampleKind::Features => Picture::Images { range: sample.range },
            SampleKind::Series => Picture::Lines { names: sample.columns.clone() },
        }
    }

    /// Returns whether samples of this shape can be drawn.
    pub fn accepts(&self, shape: &[usize]) -> bool {
        match self {
            Picture::Images { .. } => is_picture(shape),
            Picture::Lines { .. } => is_series(shape),
        }
    }

    /// Returns the largest number of samples that are drawn.
    pub fn capacity(&self) -> usize {
        match self {
            Picture::Images { .. } => 256,
            Picture::Lines { .. } => 64,
        }
    }

    /// Returns the number of samples per row for `count` samples of this shape: images in about a square of at most 16
    /// columns, 4 line plots.
    pub fn columns(&self, count: usize, shape: &[usize]) -> usize {
        match self {
            Picture::Images { .. } => square_columns(count, shape, IMAGE_COLUMNS),
            Picture::Lines { .. } => PANEL_COLUMNS,
        }
    }

    /// Draws `samples: [count, ...sample shape]` as a PNG with [`Picture::columns`] samples per row. Line plots show
    /// `originals` of the same shape below them.
    ///
    /// # Errors
    /// [`PictureError`] if the samples do not have the shape of images or series, or there are none.
    pub fn draw(
        &self,
        samples: &ArrayViewD<'_, f32>,
        originals: Option<&ArrayViewD<'_, f32>>,
    ) -> Result<Vec<u8>, PictureError> {
        let count = samples.shape().first().copied().unwrap_or_default();
        let columns = self.columns(count, samples.shape().get(1..).unwrap_or_default());
        self.draw_in_columns(samples, originals, columns)
    }

    /// Draws the same PNG with `columns` samples per row.
    ///
    /// # Errors
    /// Those of [`Picture::draw`].
    pub fn draw_in_columns(
        &self,
        samples: &ArrayViewD<'_, f32>,
        originals: Option<&ArrayViewD<'_, f32>>,
        columns: usize,
    ) -> Result<Vec<u8>, PictureError> {
        match self {
            Picture::Images { range } => grid(samples, *range, columns),
            Picture::Lines { names } => {
                let names = names.as_deref();
                LinePlots { series: samples, originals, labels: None, names }.draw(columns)
            }
        }
    }

    /// Draws one picture per frame, `[count, ...sample shape]` each, until `should_stop` returns true. All line plots
    /// have the same axis.
    pub(crate) fn rasters(
        &self,
        all: &[ArrayViewD<'_, f32>],
        columns: usize,
        should_stop: &dyn Fn() -> bool,
    ) -> Result<Vec<Raster>, PictureError> {
        let frames = all.iter().map(|frame| if should_stop() { Err(PictureError::Interrupted) } else { Ok(frame) });
        match self {
            Picture::Images { range } => frames.map(|frame| raster(frame?, *range, columns)).collect(),
            Picture::Lines { names } => {
                let scale = Scale::of(all.iter().flatten().copied());
                let plots = |series| LinePlots { series, originals: None, labels: None, names: names.as_deref() };
                frames.map(|frame| plots(frame?).raster(columns, &scale)).collect()
            }
        }
    }
}
