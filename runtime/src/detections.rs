//! Results of an anomaly detector.

use ndarray::{Array1, ArrayD, ArrayView1, ArrayViewMut1, Axis};

/// Scores, p-values and labels of a batch, one per row.
#[derive(Debug, Clone, PartialEq)]
pub struct Detections {
    /// Anomaly scores, `[batch]`: the larger, the less normal. The manifest's record says what the score measures.
    /// NaN or infinite where finite values overflow inside the graph.
    pub scores: Array1<f32>,
    /// Conformal p-values, `[batch]`, in (0, 1]. With `n` calibration rows,
    /// `(1 + number of calibration scores >= score) / (n + 1)` (Bates et al. 2023, equation 2). A score that is NaN or
    /// infinite has the smallest p-value.
    pub p_values: Array1<f32>,
    /// Whether each row is an anomaly: its p-value is at most the level.
    pub are_anomalies: Vec<bool>,
}

/// Existing arrays that receive the results of [`Detector::detect_into`](crate::Detector::detect_into).
#[derive(Debug)]
pub struct DetectionsMut<'a> {
    /// Receives the anomaly scores, `[batch]`.
    pub scores: ArrayViewMut1<'a, f32>,
    /// Receives the p-values, `[batch]`.
    pub p_values: ArrayViewMut1<'a, f32>,
    /// Receives whether each row is an anomaly, one element per row.
    pub are_anomalies: &'a mut [bool],
}

/// The results of a batch, and which values of each sample are unusual.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// Scores, p-values and labels.
    pub detections: Detections,
    /// Share of each value, `[batch, ...sample shape]`: in the score where that is a sum over the values
    /// (`reconstruction`, `whitened`, `combined`), otherwise in the squared error of the reconstruction. The shares of
    /// a row sum to 1.
    pub shares: ArrayD<f32>,
    /// Expected values: the reconstruction, `[batch, ...sample shape]`, in the unit of the data.
    pub expected: ArrayD<f32>,
}

impl Explained {
    /// Returns the flat indices of the `count` values of a row with the largest shares, the largest first; equal shares
    /// in the order of their indices. Empty for a row that does not exist.
    pub fn largest(&self, row: usize, count: usize) -> Vec<usize> {
        let rows = self.shares.shape().first().copied().unwrap_or_default();
        if row >= rows {
            return Vec::new();
        }
        largest(&self.shares.index_axis(Axis(0), row).flatten().view(), count)
    }
}

/// A value of a sample that is unusual. See [`Explained::shares`] for its share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reason {
    /// Index of the value in the sample, in row-major order: the column of a table.
    pub feature: usize,
    /// Share of the value, from 0 to 1.
    pub share: f32,
    /// The value, in the unit of the data.
    pub value: f32,
    /// The reconstructed value, in the unit of the data.
    pub expected: f32,
}

/// Returns the indices of the `count` largest shares of a row, the largest first; equal shares in the order of their
/// indices, and NaN last.
pub(crate) fn largest(shares: &ArrayView1<'_, f32>, count: usize) -> Vec<usize> {
    let key = |index: &usize| shares.get(*index).copied().filter(|share| !share.is_nan()).unwrap_or(f32::NEG_INFINITY);
    let order = |one: &usize, other: &usize| key(other).total_cmp(&key(one)).then(one.cmp(other));
    let mut indices: Vec<usize> = (0..shares.len()).collect();
    if count < indices.len() {
        indices.select_nth_unstable_by(count, order);
        indices.truncate(count);
    }
    indices.sort_unstable_by(order);
    indices
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_largest_shares_come_first_equal_ones_in_order_and_nan_last() {
        let shares = array![0.1, f32::NAN, 0.4, 0.1, 0.4, 0.0];
        assert_eq!(largest(&shares.view(), 3), [2, 4, 0]);
        assert_eq!(largest(&shares.view(), 4), [2, 4, 0, 3]);
        assert_eq!(largest(&shares.view(), 9), [2, 4, 0, 3, 5, 1]);
        assert_eq!(largest(&shares.view(), 0), [0; 0]);
    }
}
