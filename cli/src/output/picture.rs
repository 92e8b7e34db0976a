//! The first samples as a grid of pictures.

use narrows_evaluate::{PictureError, grid};
use ndarray::{ArrayD, ArrayViewD, Axis};

/// Pictures side by side in a grid.
const COLUMNS: usize = 16;
/// Pictures in a grid at most.
pub(crate) const MOST_PICTURES: usize = 256;

/// Samples to be drawn when all that fit are there.
pub(crate) struct Pictures {
    range: (f32, f32),
    /// `[count, ...sample shape]`, where any came.
    samples: Option<ArrayD<f32>>,
}

impl Pictures {
    /// `range` becomes black and white.
    pub(crate) fn new(range: (f32, f32)) -> Self {
        Pictures { range, samples: None }
    }

    /// Keeps as many as there is room for; they have one shape.
    pub(crate) fn add(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), ndarray::ShapeError> {
        let count = self.samples.as_ref().map_or(0, |samples| samples.len_of(Axis(0)));
        let taken = rows.len_of(Axis(0)).min(MOST_PICTURES - count);
        let rows = rows.slice_axis(Axis(0), (0..taken).into());
        match &mut self.samples {
            Some(samples) => samples.append(Axis(0), rows),
            none => {
                *none = Some(rows.as_standard_layout().into_owned());
                Ok(())
            }
        }
    }

    /// A PNG.
    pub(crate) fn draw(&self) -> Result<Vec<u8>, PictureError> {
        match &self.samples {
            Some(samples) => grid(&samples.view(), self.range, COLUMNS),
            None => Err(PictureError::Empty),
        }
    }
}
