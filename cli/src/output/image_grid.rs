//! The first samples as a grid of images.

use narrows_evaluate::{PictureError, grid};
use ndarray::{ArrayD, ArrayViewD, Axis};

/// Number of images in a row of the grid.
const COLUMNS: usize = 16;
/// Largest number of images in a grid.
pub(crate) const MAX_IMAGES: usize = 256;

/// Collects samples and draws them as a grid.
pub(crate) struct ImageGrid {
    range: (f32, f32),
    /// Samples so far, `[count, ...sample shape]`; `None` before the first.
    samples: Option<ArrayD<f32>>,
}

impl ImageGrid {
    /// Creates an empty grid. The two ends of `range` become black and white.
    pub(crate) fn new(range: (f32, f32)) -> Self {
        ImageGrid { range, samples: None }
    }

    /// Adds samples until the grid is full and ignores the rest. All samples have the same shape.
    pub(crate) fn add(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), ndarray::ShapeError> {
        let count = self.samples.as_ref().map_or(0, |samples| samples.len_of(Axis(0)));
        let added = rows.len_of(Axis(0)).min(MAX_IMAGES - count);
        let rows = rows.slice_axis(Axis(0), (0..added).into());
        match &mut self.samples {
            Some(samples) => samples.append(Axis(0), rows),
            none => {
                *none = Some(rows.as_standard_layout().into_owned());
                Ok(())
            }
        }
    }

    /// Returns the grid as a PNG file.
    pub(crate) fn draw(&self) -> Result<Vec<u8>, PictureError> {
        match &self.samples {
            Some(samples) => grid(&samples.view(), self.range, COLUMNS),
            None => Err(PictureError::Empty),
        }
    }
}
