//! Scaling of samples to the unit of a network, in 64-bit arithmetic.

use narrows_runtime::bundle::Manifest;
use ndarray::{Array2, ArrayView2};

/// Offset and scale of every feature: `scaled = (x - offset) / scale`.
#[derive(Debug, Clone)]
pub struct Columns(Vec<(f64, f64)>);

impl Columns {
    /// Returns the scaling of a model.
    pub fn of(manifest: &Manifest) -> Self {
        let scaling = &manifest.scaling;
        let pairs = scaling.offset.iter().cycle().zip(scaling.scale.iter().cycle());
        let pairs = pairs.take(manifest.sample.features());
        Columns(pairs.map(|(&offset, &scale)| (offset.into(), scale.into())).collect())
    }

    /// Returns a scaling of this many columns that changes nothing.
    pub fn identity(columns: usize) -> Self {
        Columns(vec![(0.0, 1.0); columns])
    }

    /// Returns the number of columns.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Scales the values of one row.
    pub fn scaled<'a>(&'a self, row: impl Iterator<Item = f32> + 'a) -> impl Iterator<Item = f64> + 'a {
        row.zip(&self.0).map(|(value, (offset, scale))| (f64::from(value) - offset) / scale)
    }

    /// Scales rows, `[rows, features]`.
    pub fn scaled_rows(&self, rows: ArrayView2<'_, f32>) -> Array2<f64> {
        let mut scaled = Array2::zeros(rows.dim());
        for (mut into, row) in scaled.outer_iter_mut().zip(rows.outer_iter()) {
            into.iter_mut().zip(self.scaled(row.iter().copied())).for_each(|(into, value)| *into = value);
        }
        scaled
    }
}
