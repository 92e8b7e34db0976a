//! What a difference is measured by, and how much of it is an engine's freedom.

use narrows_bundle::Manifest;
use ndarray::{ArrayBase, ArrayD, Axis, Data, Dimension};

/// Largest allowed difference of an encoder's output, absolute. Codes are of the order of 1, and a
/// sum of a thousand `f32` products in another order moves by some 1e-5: ten times that is an
/// engine's freedom, a hundred times would be another network.
pub const ENCODER_TOLERANCE: f32 = 1e-4;

/// Largest allowed difference of a decoded sample, as a share of the data's range: for bytes 0.00255,
/// so that no pixel can change but by the rounding of a tie.
pub const DECODER_TOLERANCE: f32 = 1e-5;

/// Largest allowed difference of a logit or a prediction, as a share of the largest one. Rounding is a share of
/// what is added up, and a linear head passes on what rounding left in a code: sums in another order move the
/// result by some 1e-6 of its size. Logits below 1 are measured absolutely, as they are logarithms of
/// odds: so little changes no probability by more than half of it.
pub const HEAD_TOLERANCE: f32 = 1e-4;

/// A probability's difference counts so many times: 1e-5 is allowed where logits are of the order of 1. Where they
/// are larger it is more in proportion, since the rounding of two large logits decides between two classes that
/// are nearly as probable.
const WEIGHT_OF_PROBABILITIES: f32 = 10.0;

/// The range of a column that was standardised, in standard deviations. Such columns are measured
/// each in its own unit: by the range of the whole table, the small ones could hold anything.
const COLUMN_RANGE: f32 = 10.0;

/// Rounding of a sum with a column's offset, as a share of the offset: two roundings in each engine.
const OFFSET_ROUNDING: f32 = 2.0 * f32::EPSILON;

/// Units for the numbers of a row, repeated as needed, and the tolerance in these units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tolerance {
    units: Vec<f32>,
    rounding: Vec<f32>,
    pub(crate) tolerance: f32,
}

impl Tolerance {
    /// For codes: absolute.
    pub(crate) fn of_codes() -> Self {
        Tolerance { units: vec![1.0], rounding: vec![0.0], tolerance: ENCODER_TOLERANCE }
    }

    /// For decoded samples: the data's unit, or each column's scale where columns were scaled apart.
    pub(crate) fn of_samples(manifest: &Manifest) -> Self {
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

    /// For logits, by those that are stored.
    pub(crate) fn of_logits(stored: &ArrayD<f32>) -> Self {
        Self::of_head(vec![largest(stored).max(1.0)])
    }

    /// For the probabilities that follow from stored logits.
    pub(crate) fn of_probabilities(logits: &ArrayD<f32>) -> Self {
        Self::of_head(vec![largest(logits).max(1.0) / WEIGHT_OF_PROBABILITIES])
    }

    /// For predictions, each target by its own largest one that is stored, `[rows, targets]`: targets have units.
    /// One that is 0 in all rows has to be 0.
    pub(crate) fn of_predictions(stored: &ArrayD<f32>) -> Self {
        let targets = stored.axis_iter(Axis(stored.ndim().saturating_sub(1)));
        Self::of_head(targets.map(|target| largest(&target).max(f32::MIN_POSITIVE)).collect())
    }

    fn of_head(units: Vec<f32>) -> Self {
        Tolerance { units, rounding: vec![0.0], tolerance: HEAD_TOLERANCE }
    }

    /// The largest difference between two arrays of rows, less what rounding explains. NaN is
    /// infinitely far from everything.
    pub(crate) fn difference(&self, computed: &ArrayD<f32>, expected: &ArrayD<f32>) -> f32 {
        let measures = self.units.iter().zip(self.rounding.iter().cycle()).cycle();
        computed
            .iter()
            .zip(expected)
            .zip(measures)
            .map(|((computed, expected), (unit, rounding))| {
                let apart = (computed - expected).abs();
                if apart.is_nan() { f32::INFINITY } else { (apart - rounding).max(0.0) / unit }
            })
            .fold(0.0, f32::max)
    }
}

/// The largest size of a number; infinities and NaN are none, since anything is little beside them.
fn largest<S: Data<Elem = f32>, D: Dimension>(stored: &ArrayBase<S, D, f32>) -> f32 {
    stored.iter().map(|value| value.abs()).filter(|size| size.is_finite()).fold(0.0, f32::max)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn values_that_are_no_numbers_are_infinitely_far_from_everything() {
        let one = array![1.0].into_dyn();
        let tolerance = Tolerance::of_codes();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let other = array![value].into_dyn();
            assert_eq!(tolerance.difference(&one, &other), f32::INFINITY);
            assert_eq!(tolerance.difference(&other, &other), f32::INFINITY);
        }
        assert_eq!(tolerance.difference(&one, &one), 0.0);
    }

    #[test]
    fn every_column_is_measured_in_its_own_unit_and_rounding_at_a_large_offset_is_forgiven() {
        let tolerance = Tolerance { units: vec![1.0, 1e-4], rounding: vec![0.0, 1e-3], tolerance: 1e-4 };
        let expected = array![[0.0, 0.0], [0.0, 0.0]].into_dyn();
        let difference = |row: [f32; 2]| tolerance.difference(&array![[0.0, 0.0], row].into_dyn(), &expected);
        assert_eq!(difference([0.5, 0.0]), 0.5);
        assert_eq!(difference([0.0, 0.0009]), 0.0);
        assert!((difference([0.0, 0.002]) - 10.0).abs() < 1e-3);
    }

    #[test]
    fn logits_are_measured_by_the_largest_and_probabilities_count_tenfold() {
        let logits = array![[0.5, -20.0], [3.0, 0.0]].into_dyn();
        let moved = logits.mapv(|logit| logit + 0.002);
        let measured = Tolerance::of_logits(&logits).difference(&moved, &logits);
        assert!((measured - 1e-4).abs() < 1e-6, "{measured}");
        let probabilities = array![[0.9, 0.1], [0.5, 0.5]].into_dyn();
        let moved = probabilities.mapv(|probability| probability + 0.0002);
        let measured = Tolerance::of_probabilities(&logits).difference(&moved, &probabilities);
        assert!((measured - 1e-4).abs() < 1e-6, "{measured}");
        let small = logits.mapv(|logit| logit * 1e-6);
        assert_eq!(Tolerance::of_logits(&small).units, [1.0]);
    }

    #[test]
    fn every_target_is_measured_by_its_own_size_and_a_number_without_a_size_makes_no_room() {
        let stored = array![[1000.0, 1e-3, 0.0], [500.0, -4e-3, 0.0]].into_dyn();
        let tolerance = Tolerance::of_predictions(&stored);
        assert_eq!(tolerance.units, [1000.0, 4e-3, f32::MIN_POSITIVE]);
        let mut moved = stored.clone();
        moved[[1, 1]] += 4e-6;
        assert!((tolerance.difference(&moved, &stored) - 1e-3).abs() < 1e-6);
        moved[[0, 2]] = 1e-9;
        assert!(tolerance.difference(&moved, &stored) > 1.0);

        let hostile = array![[f32::INFINITY, 2.0], [f32::NAN, f32::NEG_INFINITY]].into_dyn();
        for tolerance in [Tolerance::of_logits(&hostile), Tolerance::of_predictions(&hostile)] {
            assert_eq!(tolerance.difference(&array![[0.0, 2.0], [0.0, 2.0]].into_dyn(), &hostile), f32::INFINITY);
        }
    }
}
