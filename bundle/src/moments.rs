//! The moments of a data set: what PCA and scalings need of rows that are too many for one machine.

use std::collections::BTreeSet;

use ndarray::{Array2, ArrayView2, Axis};

use crate::{counted, quoted};

/// Differences up to this fraction of the largest absolute values of the features are rounding: minimum and maximum are
/// 32-bit floats, and sums of products lose digits where the mean is far from 0.
const ROUNDING: f64 = 1e-6;

/// Count, mean, covariance, minimum and maximum of the features of a data set.
///
/// A cluster computes them over all rows, and training takes scalings and principal components from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Number of rows, at least 2.
    pub count: u64,
    /// Mean of each feature, `[features]`.
    pub mean: Vec<f64>,
    /// Covariance of the features, `[features, features]`: the sum of the products of deviations from the mean, divided
    /// by `count` (of the population).
    pub covariance: Array2<f64>,
    /// Smallest value of each feature, `[features]`.
    pub minimum: Vec<f32>,
    /// Largest value of each feature, `[features]`.
    pub maximum: Vec<f32>,
    /// Names of the features in order; `None` for rows without names. The features of images are in row-major order and
    /// have no names.
    pub columns: Option<Vec<String>>,
}

impl Moments {
    /// Computes the moments of rows in memory, `[rows, features]`, in `f64` and two passes. `columns` names the
    /// features. [`check`](Moments::check) refuses those of fewer than 2 rows and of values that are not finite.
    pub fn of(rows: &ArrayView2<'_, f32>, columns: Option<Vec<String>>) -> Self {
        let count = rows.nrows() as f64;
        let mut centred = rows.mapv(f64::from);
        let mean = centred.sum_axis(Axis(0)) / count;
        centred -= &mean;
        let covariance = centred.t().dot(&centred) / count;
        let extremes = |start: f32, next: fn(f32, f32) -> f32| {
            rows.columns().into_iter().map(|column| column.iter().copied().fold(start, next)).collect()
        };
        Moments {
            count: rows.nrows() as u64,
            mean: mean.to_vec(),
            covariance,
            minimum: extremes(f32::INFINITY, f32::min),
            maximum: extremes(f32::NEG_INFINITY, f32::max),
            columns,
        }
    }

    /// Returns the number of features.
    pub fn features(&self) -> usize {
        self.mean.len()
    }

    /// Returns the standard deviation of each feature, `[features]`.
    pub fn deviations(&self) -> Vec<f64> {
        self.covariance.diag().iter().map(|variance| variance.sqrt()).collect()
    }

    /// Names a feature for messages: its column, or its index.
    pub fn name_of(&self, feature: usize) -> String {
        match self.columns.as_ref().and_then(|columns| columns.get(feature)) {
            Some(column) => format!("column {}", quoted(column)),
            None => format!("feature {feature}"),
        }
    }

    /// Checks that these can be the moments of a data set: sizes agree, all numbers are finite, there are at least 2
    /// rows, the mean is between minimum and maximum, and the covariance is symmetric and not larger than the range
    /// allows, up to rounding.
    ///
    /// # Errors
    /// The first contradiction, with the name of the tensor in a file.
    pub fn check(&self) -> Result<(), String> {
        if self.count < 2 {
            return Err(format!(
                "tensor `count` is {}, but the moments of a data set need at least 2 rows",
                self.count
            ));
        }
        self.check_sizes()?;
        self.check_finite()?;
        (0..self.features()).try_for_each(|feature| self.check_feature(feature))?;
        (0..self.features()).try_for_each(|row| (0..row).try_for_each(|column| self.check_pair(row, column)))
    }

    fn check_sizes(&self) -> Result<(), String> {
        let features = self.features();
        if features == 0 {
            return Err("tensor `mean` is empty".to_owned());
        }
        let expected = format!("for the {} of tensor `mean`", counted(features, "feature"));
        if self.covariance.dim() != (features, features) {
            let (rows, columns) = self.covariance.dim();
            return Err(format!(
                "tensor `covariance` has shape [{rows}, {columns}], expected [{features}, {features}] {expected}"
            ));
        }
        for (name, values) in [("minimum", &self.minimum), ("maximum", &self.maximum)] {
            if values.len() != features {
                return Err(format!("tensor `{name}` has shape [{}], expected [{features}] {expected}", values.len()));
            }
        }
        let Some(columns) = &self.columns else { return Ok(()) };
        if columns.len() != features {
            return Err(format!(
                "its `columns` are {}, expected {features} {expected}",
                counted(columns.len(), "name")
            ));
        }
        let mut seen = BTreeSet::new();
        match columns.iter().find(|column| !seen.insert(column.as_str())) {
            Some(column) => Err(format!("its `columns` contain {} twice", quoted(column))),
            None => Ok(()),
        }
    }

    fn check_finite(&self) -> Result<(), String> {
        let single = |values: &[f32]| values.iter().copied().map(f64::from).enumerate().collect::<Vec<_>>();
        let vectors = [
            ("mean", self.mean.iter().copied().enumerate().collect()),
            ("minimum", single(&self.minimum)),
            ("maximum", single(&self.maximum)),
        ];
        for (name, values) in vectors {
            if let Some((feature, value)) = values.into_iter().find(|(_, value)| !value.is_finite()) {
                return Err(format!("tensor `{name}` has the value {value} for {}", self.name_of(feature)));
            }
        }
        match self.covariance.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some(((row, column), value)) => {
                let (row, column) = (self.name_of(row), self.name_of(column));
                Err(format!("tensor `covariance` has the value {value} for {row} and {column}"))
            }
            None => Ok(()),
        }
    }

    /// Checks mean and variance of a feature against its range. No distribution between `minimum` and `maximum` has a
    /// larger variance than `(maximum - mean) * (mean - minimum)` (Bhatia & Davis 2000).
    fn check_feature(&self, feature: usize) -> Result<(), String> {
        let (low, high, mean) =
            (f64::from(self.minimum[feature]), f64::from(self.maximum[feature]), self.mean[feature]);
        let (variance, size, name) = (self.covariance[(feature, feature)], self.size(feature), self.name_of(feature));
        if low > high {
            return Err(format!("tensor `minimum` is {low} for {name}, above its `maximum` {high}"));
        }
        if mean < low - ROUNDING * size || mean > high + ROUNDING * size {
            return Err(format!("tensor `mean` is {mean} for {name}, outside its range from {low} to {high}"));
        }
        if variance < 0.0 {
            return Err(format!("tensor `covariance` has the variance {variance} for {name}, which is negative"));
        }
        let largest = ((high - mean) * (mean - low)).max(0.0);
        if variance > largest + ROUNDING * size * size {
            return Err(format!(
                "tensor `covariance` has the variance {variance} for {name}, but with its mean and range it is at most \
                 {largest} (divide the sum of squared deviations by the number of rows)"
            ));
        }
        Ok(())
    }

    /// Checks that the covariance of two features is the same in both places, and not larger than their deviations
    /// allow.
    fn check_pair(&self, row: usize, column: usize) -> Result<(), String> {
        let (one, other) = (self.covariance[(row, column)], self.covariance[(column, row)]);
        let rounding = ROUNDING * self.size(row) * self.size(column);
        let names = || format!("{} and {}", self.name_of(row), self.name_of(column));
        if (one - other).abs() > rounding {
            return Err(format!("tensor `covariance` is not symmetric: it has {one} and {other} for {}", names()));
        }
        let largest = (self.covariance[(row, row)] * self.covariance[(column, column)]).sqrt();
        if one.abs() > largest + rounding {
            return Err(format!(
                "tensor `covariance` has {one} for {}, but with their variances it is at most {largest}",
                names()
            ));
        }
        Ok(())
    }

    /// Returns the largest absolute value of a feature, to which rounding errors are relative.
    fn size(&self, feature: usize) -> f64 {
        f64::from(self.minimum[feature].abs().max(self.maximum[feature].abs()))
    }
}
