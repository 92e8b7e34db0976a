//! What a detector remembers of the rows that calibrated it: quantiles of their scores and of their columns. Later data
//! is compared with them.

use std::path::Path;

use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};

use crate::{
    BundleError,
    tensors::{Tensors, serialize},
};

/// Quantiles of calibration rows.
///
/// On disk: one safetensors file with `scores`, and `columns` where the columns were kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Scores in ascending order, `[quantiles]`: all of them, or quantiles at equal distances.
    pub scores: Array1<f32>,
    /// Quantiles of each column; `None` for samples with too many values.
    pub columns: Option<ColumnQuantiles>,
}

/// Quantiles of the values of each column, in the data's own unit, `[columns, quantiles]`, ascending in each row.
pub type ColumnQuantiles = Array2<f32>;

impl Calibration {
    /// Largest number of quantiles of the scores.
    pub const SCORE_QUANTILES: usize = 4096;
    /// Largest number of quantiles of a column.
    pub const COLUMN_QUANTILES: usize = 256;
    /// Largest number of columns whose quantiles are kept.
    pub const COLUMNS: usize = 1024;

    /// Serialises the quantiles as a safetensors file.
    ///
    /// # Errors
    /// Errors of the safetensors format; none for arrays of the documented shapes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, safetensors::SafeTensorError> {
        let scores = self.scores.clone().into_dyn();
        let columns: Option<ArrayD<f32>> = self.columns.clone().map(Array2::into_dyn);
        serialize([("scores", &scores)].into_iter().chain(columns.as_ref().map(|columns| ("columns", columns))), [])
    }

    /// Parses the file; `path` is used in errors.
    ///
    /// # Errors
    /// [`BundleError::Invalid`] if a tensor is missing, has another shape, is not finite or not in ascending order.
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, BundleError> {
        let tensors = Tensors::open(path, bytes)?;
        let invalid = |what: String| BundleError::invalid(path, what);
        let scores = tensors.floats("scores")?.into_dimensionality::<Ix1>();
        let scores = scores.map_err(|error| invalid(format!("tensor `scores` is not a vector: {error}")))?;
        let columns = match tensors.contains("columns") {
            false => None,
            true => Some(
                tensors
                    .floats("columns")?
                    .into_dimensionality::<Ix2>()
                    .map_err(|error| invalid(format!("tensor `columns` is not a matrix: {error}")))?,
            ),
        };
        let rows = columns.iter().flat_map(|columns| columns.outer_iter()).chain([scores.view()]);
        let is_sorted = |row: &ndarray::ArrayView1<'_, f32>| {
            !row.is_empty() && row.iter().all(|value| value.is_finite()) && row.iter().is_sorted()
        };
        if !rows.into_iter().all(|row| is_sorted(&row)) {
            return Err(invalid("its quantiles are not finite numbers in ascending order".to_owned()));
        }
        Ok(Calibration { scores, columns })
    }
}
