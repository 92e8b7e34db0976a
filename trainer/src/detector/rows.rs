//! Rows and what the autoencoder makes of them.

use std::error::Error;

use narrows_bundle::{Fingerprint, Manifest};
use narrows_data::table::UNSEEN;
use ndarray::{Array2, ArrayView2};

/// Rows of the data, with the outputs of the exported encoder and decoder for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// Samples in the data's own unit, `[rows, features]`; of a mixed table, the cells.
    pub samples: Array2<f32>,
    /// The class of every row, if the graphs take labels.
    pub labels: Option<Vec<i64>>,
    /// Codes, for a variational encoder the means of the posteriors, `[rows, latent]`.
    pub codes: Array2<f32>,
    /// Logarithms of the variances of the posteriors, `[rows, latent]`; variational encoders only.
    pub log_variances: Option<Array2<f32>>,
    /// The decoder's outputs for the codes, in the data's own unit, `[rows, features]`; of a mixed table, the numbers
    /// and then the probabilities of all levels, `[rows, numbers + levels]`.
    pub reconstructions: Array2<f32>,
}

impl Rows {
    /// Returns the number of rows.
    pub fn count(&self) -> usize {
        self.samples.nrows()
    }
}

/// Runs the decoder on codes `[rows, latent]` with the class of every row, if it takes one. Returns samples in the
/// data's own unit, `[rows, features]`.
pub type Decode<'a> =
    &'a (dyn Fn(&ArrayView2<'_, f32>, Option<&[i64]>) -> Result<Array2<f32>, Box<dyn Error + Send + Sync>> + Sync);

/// Number of samples that [`outlying_samples`] makes.
const OUTLYING: usize = 8;
/// Distance of an outlying value from the sample, in units of its scaling.
const FAR: f32 = 8.0;

/// Returns samples that a detector flags, for its probe: a few of the given ones, `[rows, features]`, with every value
/// moved far up or down, and every category of a mixed table an unseen level. Without them, a detector that never flags
/// a row would pass the check.
pub fn outlying_samples(samples: &ArrayView2<'_, f32>, manifest: &Manifest) -> Array2<f32> {
    let (scaling, cells) = (&manifest.scaling, manifest.sample.cells());
    let is_category = |column: usize| {
        let cell = cells.as_ref().and_then(|cells| cells.get(column));
        cell.is_some_and(|cell| cell.kind.levels().is_some())
    };
    let rows = samples.nrows().min(OUTLYING);
    let mut moved = samples.slice(ndarray::s![..rows, ..]).to_owned();
    for (index, mut row) in moved.outer_iter_mut().enumerate() {
        for (column, (value, scale)) in row.iter_mut().zip(scaling.scale.iter().cycle()).enumerate() {
            let direction = if (index + column) % 2 == 0 { FAR } else { -FAR };
            *value = if is_category(column) { UNSEEN } else { *value + direction * scale };
        }
    }
    moved
}

/// Returns the SHA-256 over the samples and the classes of the rows.
pub(super) fn fingerprint(parts: &[&Rows]) -> String {
    let mut fingerprint = Fingerprint::default();
    for rows in parts {
        for value in &rows.samples {
            fingerprint.add(&value.to_le_bytes());
        }
        for label in rows.labels.iter().flatten() {
            fingerprint.add(&label.to_le_bytes());
        }
    }
    fingerprint.hex()
}
