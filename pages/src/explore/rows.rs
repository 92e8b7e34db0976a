//! The rows of data that the page shows: a random sample of a data set, or the rows of the bundle's probe.

use narrows_runtime::{Autoencoder, Error, Samples, ScoreOptions, Scores};
use ndarray::{Array1, Array2};

/// Some rows of data, before the model has seen them.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Values in the unit of the data, `[rows, features]`.
    pub values: Array2<f32>,
    /// Class index of each row, for a model that takes labels.
    pub classes: Option<Vec<i64>>,
    /// Name of the class of each row, if the data has labels.
    pub names: Option<Vec<String>>,
    /// Number of each row in the data, from 0.
    pub numbers: Vec<usize>,
    /// What the rows are, for a sentence: "2000 of the 60000 training rows of mnist".
    pub source: String,
}

/// Rows with their codes and scores.
#[derive(Debug)]
pub(crate) struct CodedRows {
    pub(crate) rows: Rows,
    /// `[rows, latent]`.
    pub(crate) codes: Array2<f32>,
    /// Squared errors, of the rows of a mixed table their losses, `[rows]`, or why there are none.
    pub(crate) errors: Result<Array1<f64>, String>,
    /// The same squared errors in ascending order, without NaN.
    sorted: Vec<f64>,
}

/// Returns the errors of rows by which they are compared: squared errors, or the losses of the rows of a mixed table,
/// whose squared errors leave its categories out.
pub(crate) fn row_errors(model: &Autoencoder, scores: Scores) -> Array1<f64> {
    match model.manifest().sample.table {
        Some(_) => scores.reconstruction,
        None => scores.squared_error,
    }
}

impl CodedRows {
    /// Encodes and scores rows.
    ///
    /// # Errors
    /// Those of [`Autoencoder::encode`].
    pub(crate) fn of(rows: Rows, model: &Autoencoder) -> Result<Self, Error> {
        let samples = || {
            let samples = Samples::from(&rows.values);
            match &rows.classes {
                Some(classes) if model.takes_labels() => samples.labelled(classes),
                Some(_) | None => samples,
            }
        };
        let codes = model.encode(samples())?;
        // A value outside the range of a Bernoulli likelihood has a code, but no score.
        let errors = model.score(samples(), &ScoreOptions::default()).map(|scores| row_errors(model, scores));
        let errors = errors.map_err(|error| error.to_string());
        let mut sorted: Vec<f64> = errors.iter().flatten().copied().filter(|error| !error.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        Ok(CodedRows { rows, codes, errors, sorted })
    }

    /// Returns the number of rows.
    pub(crate) fn len(&self) -> usize {
        self.codes.nrows()
    }

    /// Returns which part of the rows has a smaller squared error, in `[0, 1]`; `None` without errors to compare with.
    pub(crate) fn part_below(&self, error: f64) -> Option<f64> {
        let below = self.sorted.partition_point(|&other| other < error);
        (!self.sorted.is_empty() && !error.is_nan()).then(|| below as f64 / self.sorted.len() as f64)
    }

    /// Returns the smallest and the largest value of each feature, `[features]`.
    pub(crate) fn limits(&self) -> Vec<(f32, f32)> {
        let limits = |column: ndarray::ArrayView1<'_, f32>| {
            column
                .iter()
                .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &value| (low.min(value), high.max(value)))
        };
        self.rows.values.columns().into_iter().map(limits).filter(|(low, high)| low <= high).collect()
    }
}
