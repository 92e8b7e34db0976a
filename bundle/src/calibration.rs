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
/// Missing values are NaN and come last.
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
    /// [`BundleError::Invalid`] if a tensor is missing, has another shape, is not in ascending order, or contains a
    /// value that is not finite, other than missing values of a column.
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
        let is_sorted = |row: &[f32]| !row.is_empty() && row.iter().all(|value| value.is_finite()) && row.is_sorted();
        let is_sorted_column = |column: ndarray::ArrayView1<'_, f32>| {
            let column = column.to_vec();
            let missing = column.iter().rev().take_while(|value| value.is_nan()).count();
            let there = &column[..column.len() - missing];
            missing > 0 && there.is_empty() || is_sorted(there)
        };
        if !columns.iter().flat_map(|columns| columns.outer_iter()).all(is_sorted_column)
            || !is_sorted(&scores.to_vec())
        {
            return Err(invalid("its quantiles are not finite numbers in ascending order".to_owned()));
        }
        Ok(Calibration { scores, columns })
    }
}
