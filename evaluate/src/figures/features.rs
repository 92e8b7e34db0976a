//! Reconstruction errors of features, and the fraction of their variance that a reconstruction explains.

use crate::moments::Moments;

/// Errors of a feature over all rows, in squared scaled units.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureError {
    /// Index of the feature in a row.
    pub feature: usize,
    /// Mean squared error.
    pub mse: f64,
    /// Fraction of the variance that the reconstruction explains, `1 - sum (x - x_hat)^2 / sum (x - mean)^2`. `None`
    /// for a feature that does not vary.
    pub explained_variance: Option<f64>,
}

/// Sums of squared errors and moments of every feature.
#[derive(Debug, Clone, Default)]
pub(crate) struct FeatureErrors {
    squares: Vec<f64>,
    moments: Vec<Moments>,
}

impl FeatureErrors {
    /// Adds a row of scaled values with its reconstruction, and returns the squared error of the row. A target that is
    /// NaN is missing, or the level of a category, and is left out.
    pub(crate) fn add(&mut self, pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
        let mut sum = 0.0;
        for (feature, (target, decoded)) in pairs.enumerate() {
            if feature == self.squares.len() {
                self.squares.push(0.0);
                self.moments.push(Moments::default());
            }
            if target.is_nan() {
                continue;
            }
            let square = (target - decoded).powi(2);
            self.squares[feature] += square;
            self.moments[feature].add(target);
            sum += square;
        }
        sum
    }

    /// Returns the fraction of the total variance that the reconstructions explain: `1 - sum of squared errors / sum of
    /// squared deviations from the mean of the feature`, both over all rows and features. `None` if no feature varies.
    pub(crate) fn explained_variance(&self) -> Option<f64> {
        explained(self.squares.iter().sum(), self.moments.iter().map(Moments::squares).sum())
    }

    /// Returns the mean squared error over all values; NaN without one.
    pub(crate) fn mean(&self) -> f64 {
        let count: usize = self.moments.iter().map(Moments::count).sum();
        self.squares.iter().sum::<f64>() / count as f64
    }

    /// Returns the errors of the features in their order, without those that no row has as a number.
    pub(crate) fn features(&self) -> Vec<FeatureError> {
        let of = |(feature, (&squares, moments)): (usize, (&f64, &Moments))| FeatureError {
            feature,
            mse: squares / moments.count() as f64,
            explained_variance: explained(squares, moments.squares()),
        };
        let all = self.squares.iter().zip(&self.moments).enumerate();
        all.filter(|(_, (_, moments))| moments.count() > 0).map(of).collect()
    }
}

fn explained(errors: f64, deviations: f64) -> Option<f64> {
    (deviations > 0.0).then(|| 1.0 - errors / deviations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_is_reconstructed_as_its_mean_explains_no_variance() {
        let mut errors = FeatureErrors::default();
        for (row, value) in [0.0, 2.0, 4.0].into_iter().enumerate() {
            let sum = errors.add([(value, 2.0), (value, value), (5.0, 5.0)].into_iter());
            assert_eq!(sum, [4.0, 0.0, 4.0][row]);
        }
        let features = errors.features();
        let explained: Vec<_> = features.iter().map(|feature| feature.explained_variance).collect();
        assert_eq!(explained, [Some(0.0), Some(1.0), None]);
        assert_eq!(features[0].mse, 8.0 / 3.0);
        assert_eq!(errors.explained_variance(), Some(0.5));
    }

    #[test]
    fn missing_values_are_left_out_and_a_feature_without_values_has_no_error() {
        let mut errors = FeatureErrors::default();
        for (row, value) in [1.0, f64::NAN, 5.0].into_iter().enumerate() {
            let sum = errors.add([(value, 2.0), (f64::NAN, 7.0)].into_iter());
            assert_eq!(sum, [1.0, 0.0, 9.0][row]);
        }
        let features = errors.features();
        assert_eq!((features.len(), features[0].feature, features[0].mse, errors.mean()), (1, 0, 5.0, 5.0));
    }
}
