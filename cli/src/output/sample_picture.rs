//! The first samples as a picture: a grid of images or line plots of series, or an animation.

use narrows_evaluate::{Picture, PictureError, animation};
use ndarray::{ArrayD, ArrayViewD, Axis, ShapeError, Slice};

/// How a picture shows samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrangement {
    /// The first samples, in as many columns as fit.
    Automatic,
    /// A grid with these columns and rows.
    Grid {
        /// Number of columns.
        columns: usize,
        /// Number of rows.
        rows: usize,
    },
    /// An animation of `walks` walks next to each other. The samples are those of the first walk, then those of the
    /// second, and so on, with `steps` samples each.
    Animation {
        /// Number of frames.
        steps: usize,
        /// Number of samples per frame.
        walks: usize,
        /// Frames per second.
        frames_per_second: u16,
    },
}

/// Collects samples and draws them.
pub(crate) struct SamplePicture {
    picture: Picture,
    arrangement: Arrangement,
    /// Samples so far, `[count, ...sample shape]`; `None` before the first.
    samples: Option<ArrayD<f32>>,
    /// The originals of reconstructions, which line plots show too.
    originals: Option<ArrayD<f32>>,
}

impl SamplePicture {
    /// Creates an empty picture.
    pub(crate) fn new(picture: Picture, arrangement: Arrangement) -> Self {
        SamplePicture { picture, arrangement, samples: None, originals: None }
    }

    /// Returns the largest number of samples that are shown.
    pub(crate) fn capacity(&self) -> usize {
        match self.arrangement {
            Arrangement::Automatic => self.picture.capacity(),
            Arrangement::Grid { columns, rows } => columns.saturating_mul(rows),
            Arrangement::Animation { steps, walks, .. } => steps.saturating_mul(walks),
        }
    }

    /// Returns the number of samples that are shown if there may be more samples.
    pub(crate) fn truncated(&self) -> Option<usize> {
        match self.arrangement {
            Arrangement::Automatic => Some(self.capacity()),
            Arrangement::Grid { .. } | Arrangement::Animation { .. } => None,
        }
    }

    /// Adds samples until the picture is full and ignores the rest. All samples have the same shape.
    pub(crate) fn add(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), ShapeError> {
        let capacity = self.capacity();
        append(&mut self.samples, rows, capacity)
    }

    /// Adds the originals of samples in the same way.
    pub(crate) fn add_originals(&mut self, rows: &ArrayViewD<'_, f32>) -> Result<(), ShapeError> {
        let capacity = self.capacity();
        append(&mut self.originals, rows, capacity)
    }

    /// Returns the picture as a PNG or GIF file. Asks `should_stop` between the frames of an animation.
    pub(crate) fn draw(&self, should_stop: &dyn Fn() -> bool) -> Result<Vec<u8>, PictureError> {
        let samples = self.samples.as_ref().ok_or(PictureError::Empty)?;
        let originals = self.originals.as_ref().map(|originals| originals.view());
        match self.arrangement {
            Arrangement::Automatic => self.picture.draw(&samples.view(), originals.as_ref()),
            Arrangement::Grid { columns, .. } => {
                self.picture.draw_in_columns(&samples.view(), originals.as_ref(), columns)
            }
            Arrangement::Animation { steps, walks, frames_per_second } => {
                let step = isize::try_from(steps).unwrap_or(isize::MAX);
                let frames: Vec<ArrayViewD<'_, f32>> = (0..steps.min(samples.len_of(Axis(0))))
                    .map(|first| samples.slice_axis(Axis(0), Slice::new(first as isize, None, step)))
                    .collect();
                let columns = self.picture.columns(walks, samples.shape().get(1..).unwrap_or_default());
                animation(&self.picture, &frames, columns, frames_per_second, should_stop)
            }
        }
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
