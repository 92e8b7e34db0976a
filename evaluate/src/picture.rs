//! How the samples of a model are drawn.

use narrows_runtime::{
    bundle::{Sample, SampleKind},
    ndarray::ArrayViewD,
};

use crate::{LinePlots, PictureError, grid, is_picture, panels::is_series};

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

    /// Draws `samples: [count, ...sample shape]` as a PNG. Line plots show `originals` of the same shape below them.
    ///
    /// # Errors
    /// [`PictureError`] if the samples do not have the shape of images or series, or there are none.
    pub fn draw(
        &self,
        samples: &ArrayViewD<'_, f32>,
        originals: Option<&ArrayViewD<'_, f32>>,
    ) -> Result<Vec<u8>, PictureError> {
        match self {
            Picture::Images { range } => grid(samples, *range, 16),
            Picture::Lines { names } => {
                let names = names.as_deref();
                LinePlots { series: samples, originals, labels: None, names }.draw(4)
            }
        }
    }
}
