//! Tolerances of the parity check: the units of differences, and the accepted rounding differences of an engine.

use narrows_bundle::{
    Manifest, Scaling,
    table::{Cell, CellKind},
};
use ndarray::{Array1, ArrayBase, ArrayD, Axis, Data, Dimension};

/// Largest accepted absolute difference of an encoder's output.
///
/// Codes are of the order of 1, and summing a thousand `f32` products in another order changes the sum by about 1e-5.
/// The tolerance is ten times that rounding difference; a difference a hundred times as large would indicate a
/// different network.
pub const ENCODER_TOLERANCE: f32 = 1e-4;

/// Largest accepted difference of a decoded sample, as a fraction of the data's range.
///
/// For bytes this is 0.00255, so a rounded pixel can change only at a rounding tie.
pub const DECODER_TOLERANCE: f32 = 1e-5;

/// Largest accepted difference of a logit or a prediction, as a fraction of the largest one.
///
/// Rounding errors are proportional to the summands, and a linear head propagates the rounding errors of the code:
/// summing in another order changes the result by about 1e-6 of its size. If the largest logit is below 1, the
/// difference is absolute, because logits are log-odds: a difference of this size changes a probability by at most
/// half of it.
pub const HEAD_TOLERANCE: f32 = 1e-4;

/// Largest accepted difference of an anomaly score, relative to the largest of 1, the threshold and the score.
///
/// A score sums a value per feature, each with the rounding errors of a network. The errors of an engine that sums in
/// another order are about 1e-6 of the sum; the tolerance is a hundred times that, because scores that subtract large
/// terms, such as log-densities, amplify them. Labels have no tolerance.
pub const DETECTOR_TOLERANCE: f32 = 1e-4;

/// Largest accepted difference of the probability of a level of a mixed table, and the unit of the differences of its
/// numbers.
///
/// A probability changes by at most half of the change of a logit. Logits are up to the order of 10, and summing in
/// another order changes them by about 1e-6 of their size; the tolerance is ten times that. It is the tolerance of a
/// number in its scale as well, so that all outputs of a decoder have the same one.
pub const LEVEL_TOLERANCE: f32 = DECODER_TOLERANCE * COLUMN_RANGE;

/// Factor by which differences of probabilities are multiplied: 1e-5 is accepted where logits are of the order of 1.
/// For larger logits the accepted difference grows in proportion, because the rounding errors of two large logits
/// decide between two classes that are almost equally probable.
const PROBABILITY_WEIGHT: f32 = 10.0;

/// Assumed range of a standardised column, in standard deviations. The difference of such a column is measured in its
/// own unit; relative to the range of the complete table, any error in a column of small values would be accepted.
const COLUMN_RANGE: f32 = 10.0;

/// Rounding error of adding a column's offset, as a fraction of the offset: two roundings in each engine.
const OFFSET_ROUNDING: f32 = 2.0 * f32::EPSILON;

/// Units for the values of a row, repeated cyclically, and the tolerance in these units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tolerance {
    units: Vec<f32>,
    rounding: Vec<f32>,
    pub(crate) tolerance: f32,
}

impl Tolerance {
    /// Returns the tolerance of codes, which is absolute.
    pub(crate) fn for_codes() -> Self {
        Tolerance { units: vec![1.0], rounding: vec![0.0], tolerance: ENCODER_TOLERANCE }
    }

    /// Returns the tolerance of decoded samples, in the data's unit, or in each column's scale where columns are
    /// scaled separately.
    pub(crate) fn for_samples(manifest: &Manifest) -> Self {
        let scaling = &manifest.scaling;
        if scaling.scale.len() <= 1 {
            let tolerance = DECODER_TOLERANCE * manifest.sample.span();
            return Tolerance { units: vec![1.0], rounding: vec![0.0], tolerance };
        }
        Tolerance {
            units: scaling.scale.iter().map(|scale| scale.abs()).collect(),
            rounding: scaling.offset.iter().map(|offset| OFFSET_ROUNDING * offset.abs()).collect(),
            tolerance: DECODER_TOLERANCE * COLUMN_RANGE,
        }
    }

    /// Returns the tolerance of the decoded numbers of a mixed table, `[rows, numbers]`: in the scale of each column,
    /// or relative to the largest stored value of a count, which the decoder computes by an exponential function.
    pub(crate) fn for_numbers(manifest: &Manifest, cells: &[Cell], stored: &ArrayD<f32>) -> Self {
        let Scaling { offset, scale } = &manifest.scaling;
        let pairs = offset.iter().cycle().zip(scale.iter().cycle());
        let numbers = cells.iter().zip(pairs).filter(|(cell, _)| cell.kind.levels().is_none());
        let columns = stored.axis_iter(Axis(stored.ndim().saturating_sub(1)));
        let (units, rounding) = numbers
            .zip(columns)
            .map(|((cell, (offset, scale)), column)| match cell.kind {
                CellKind::Count => (largest(&column).max(1.0), 0.0),
                CellKind::Number | CellKind::HeavyTailed | CellKind::Category { .. } => {
                    (scale.abs(), OFFSET_ROUNDING * offset.abs())
                }
            })
            .unzip();
        Tolerance { units, rounding, tolerance: LEVEL_TOLERANCE }
    }

    /// Returns the tolerance of the probabilities of levels, which is absolute.
    pub(crate) fn for_level_probabilities() -> Self {
        Tolerance { units: vec![1.0], rounding: vec![0.0], tolerance: LEVEL_TOLERANCE }
    }

    /// Returns the tolerance of logits, relative to the largest stored logit.
    pub(crate) fn for_logits(stored: &ArrayD<f32>) -> Self {
        Self::for_head(vec![largest(stored).max(1.0)])
    }

    /// Returns the tolerance of probabilities, relative to the largest stored logit.
    pub(crate) fn for_probabilities(logits: &ArrayD<f32>) -> Self {
        Self::for_head(vec![largest(logits).max(1.0) / PROBABILITY_WEIGHT])
    }

    /// Returns the tolerance of predictions, `[rows, targets]`. Each target is relative to its own largest stored
    /// value, because targets have different units. A target that is 0 in all rows must be exactly 0.
    pub(crate) fn for_predictions(stored: &ArrayD<f32>) -> Self {
        let targets = stored.axis_iter(Axis(stored.ndim().saturating_sub(1)));
        Self::for_head(targets.map(|target| largest(&target).max(f32::MIN_POSITIVE)).collect())
    }

    /// Returns the tolerance of anomaly scores, `[rows]`. Scores far above the threshold are relative to themselves,
    /// because their rounding errors are, and cannot change a label.
    pub(crate) fn for_scores(stored: &Array1<f32>, threshold: f32) -> Self {
        let units = stored.iter().map(|&score| score_unit(threshold).max(finite_size(score))).collect();
        Tolerance { units, rounding: vec![0.0], tolerance: DETECTOR_TOLERANCE }
    }

    /// Returns the tolerance of p-values for a number of calibration rows: two steps of the p-value, for a score so
    /// close to another one that rounding decides between them. With many rows, a step of the graph stands for several
    /// rows.
    pub(crate) fn for_p_values(calibration_rows: usize) -> Self {
        let rows_per_step = (calibration_rows as f32 / 2048.0).max(1.0);
        let tolerance = 2.5 * rows_per_step / (calibration_rows as f32 + 1.0);
        Tolerance { units: vec![1.0], rounding: vec![0.0], tolerance }
    }

    fn for_head(units: Vec<f32>) -> Self {
        Tolerance { units, rounding: vec![0.0], tolerance: HEAD_TOLERANCE }
    }

    /// Returns the largest difference between two arrays of rows, in the units, minus the rounding error. A
    /// difference that is NaN counts as infinite.
    pub(crate) fn difference<'a>(
        &self,
        computed: impl IntoIterator<Item = &'a f32>,
        expected: impl IntoIterator<Item = &'a f32>,
    ) -> f32 {
        let units = self.units.iter().zip(self.rounding.iter().cycle()).cycle();
        computed
            .into_iter()
            .zip(expected)
            .zip(units)
            .map(|((computed, expected), (unit, rounding))| {
                let difference = (computed - expected).abs();
                if difference.is_nan() { f32::INFINITY } else { (difference - rounding).max(0.0) / unit }
            })
            .fold(0.0, f32::max)
    }
}

/// Returns the unit of scores near the threshold.
pub(crate) fn score_unit(threshold: f32) -> f32 {
    threshold.abs().max(1.0)
}

/// Returns the absolute value; 0 for infinities and NaN, with which any difference would be accepted.
fn finite_size(value: f32) -> f32 {
    if value.is_finite() { value.abs() } else { 0.0 }
}

/// Returns the largest absolute value. Infinities and NaN are ignored; with them, any difference would be accepted.
fn largest<S: Data<Elem = f32>, D: Dimension>(stored: &ArrayBase<S, D, f32>) -> f32 {
    stored.iter().map(|&value| finite_size(value)).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn nan_and_infinities_differ_infinitely_from_everything() {
        let one = array![1.0].into_dyn();
        let tolerance = Tolerance::for_codes();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let other = array![value].into_dyn();
            assert_eq!(tolerance.difference(&one, &other), f32::INFINITY);
            assert_eq!(tolerance.difference(&other, &other), f32::INFINITY);
        }
        assert_eq!(tolerance.difference(&one, &one), 0.0);
    }

    #[test]
    fn every_column_is_measured_in_its_own_unit_and_rounding_at_a_large_offset_is_accepted() {
        let tolerance = Tolerance { units: vec![1.0, 1e-4], rounding: vec![0.0, 1e-3], tolerance: 1e-4 };
        let expected = array![[0.0, 0.0], [0.0, 0.0]].into_dyn();
        let difference = |row: [f32; 2]| tolerance.difference(&array![[0.0, 0.0], row].into_dyn(), &expected);
        assert_eq!(difference([0.5, 0.0]), 0.5);
        assert_eq!(difference([0.0, 0.0009]), 0.0);
        assert!((difference([0.0, 0.002]) - 10.0).abs() < 1e-3);
    }

    #[test]
    fn logits_are_measured_relative_to_the_largest_and_probabilities_count_tenfold() {
        let logits = array![[0.5, -20.0], [3.0, 0.0]].into_dyn();
        let moved = logits.mapv(|logit| logit + 0.002);
        let measured = Tolerance::for_logits(&logits).difference(&moved, &logits);
        assert!((measured - 1e-4).abs() < 1e-6, "{measured}");
        let probabilities = array![[0.9, 0.1], [0.5, 0.5]].into_dyn();
        let moved = probabilities.mapv(|probability| probability + 0.0002);
        let measured = Tolerance::for_probabilities(&logits).difference(&moved, &probabilities);
        assert!((measured - 1e-4).abs() < 1e-6, "{measured}");
        let small = logits.mapv(|logit| logit * 1e-6);
        assert_eq!(Tolerance::for_logits(&small).units, [1.0]);
    }

    #[test]
    fn scores_are_measured_relative_to_the_threshold_and_large_ones_relative_to_themselves() {
        let stored = array![0.5, 200.0, f32::INFINITY];
        for (threshold, units) in [(0.1, [1.0, 200.0, 1.0]), (-40.0, [40.0, 200.0, 40.0])] {
            assert_eq!(Tolerance::for_scores(&stored, threshold).units, units);
        }
        let difference = Tolerance::for_scores(&stored, 0.1).difference(&stored, &stored);
        assert_eq!(difference, f32::INFINITY, "an infinite score equals nothing");
    }

    #[test]
    fn every_target_is_measured_in_its_own_unit_and_infinities_do_not_widen_the_tolerance() {
        let stored = array![[1000.0, 1e-3, 0.0], [500.0, -4e-3, 0.0]].into_dyn();
        let tolerance = Tolerance::for_predictions(&stored);
        assert_eq!(tolerance.units, [1000.0, 4e-3, f32::MIN_POSITIVE]);
        let mut moved = stored.clone();
        moved[[1, 1]] += 4e-6;
        assert!((tolerance.difference(&moved, &stored) - 1e-3).abs() < 1e-6);
        moved[[0, 2]] = 1e-9;
        assert!(tolerance.difference(&moved, &stored) > 1.0);

        let infinite = array![[f32::INFINITY, 2.0], [f32::NAN, f32::NEG_INFINITY]].into_dyn();
        for tolerance in [Tolerance::for_logits(&infinite), Tolerance::for_predictions(&infinite)] {
            assert_eq!(tolerance.difference(&array![[0.0, 2.0], [0.0, 2.0]].into_dyn(), &infinite), f32::INFINITY);
        }
    }
}
