//! The first samples as a picture: a grid of images, or line plots of series.

use narrows_evaluate::{Picture, PictureError};
use ndarray::{ArrayD, ArrayViewD, Axis, ShapeError};

/// Collects samples and draws them.
pub(crate) struct SamplePicture {
    picture: Picture,
    /// Samples so far, `[count, ...sample shape]`; `None` before the first.
    samples: Option<ArrayD<f32>>,
    /// The originals of reconstructions, which line plots show too.
    originals: Option<ArrayD<f32>>,
}

impl SamplePicture {
    /// Creates an empty picture.
    pub(crate) fn new(picture: Picture) -> Self {
        SamplePicture { picture, samples: None, originals: None }
    }

    /// Returns the largest number of samples that are shown.
    pub(crate) fn capacity(&self) -> usize {
        self.picture.capacity()
    }

    /// Adds samples until the picture is full and ignores the rest. All samples have the same shape.
    pub(crate) fn add(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), ShapeError> {
        append(&mut self.samples, rows, self.picture.capacity())
    }

    /// Adds the originals of samples in the same way.
    pub(crate) fn add_originals(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), ShapeError> {
        append(&mut self.originals, rows, self.picture.capacity())
    }

    /// Returns the picture as a PNG file.
    pub(crate) fn draw(&self) -> Result<Vec<u8>, PictureError> {
        let samples = self.samples.as_ref().ok_or(PictureError::Empty)?;
        let originals = self.originals.as_ref().map(|originals| originals.view());
        self.picture.draw(&samples.view(), originals.as_ref())
    }
}

fn append(to: &mut Option<ArrayD<f32>>, rows: &ArrayViewD<'_, f32>, capacity: usize) -> Result<(), ShapeError> {
    let count = to.as_ref().map_or(0, |samples| samples.len_of(Axis(0)));
    let added = rows.len_of(Axis(0)).min(capacity - count);
    let rows = rows.slice_axis(Axis(0), (0..added).into());
    match to {
        Some(samples) => samples.append(Axis(0), rows),
        none => {
            *none = Some(rows.as_standard_layout().into_owned());
            Ok(())
        }
    }
}
