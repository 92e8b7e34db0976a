//! What a difference is measured by, and how much of it is an engine's freedom.

use narrows_bundle::Manifest;
use ndarray::ArrayD;

/// Largest allowed difference of an encoder's output, absolute. Codes are of the order of 1, and a
/// sum of a thousand `f32` products in another order moves by some 1e-5: ten times that is an
/// engine's freedom, a hundred times would be another network.
pub const ENCODER_TOLERANCE: f32 = 1e-4;

/// Largest allowed difference of a decoded sample, as a share of the data's range: for bytes 0.00255,
/// so that no pixel can change but by the rounding of a tie.
pub const DECODER_TOLERANCE: f32 = 1e-5;

/// The range of a column that was standardised, in standard deviations. Such columns are measured
/// each in its own unit: by the range of the whole table, the small ones could hold anything.
const COLUMN_RANGE: f32 = 10.0;

/// Rounding of a sum with a column's offset, as a share of the offset: two roundings in each engine.
const OFFSET_ROUNDING: f32 = 2.0 * f32::EPSILON;

/// Units for the numbers of a row, repeated as needed, and the tolerance in these units.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Yardstick {
    units: Vec<f32>,
    rounding: Vec<f32>,
    pub(crate) tolerance: f32,
}

impl Yardstick {
    /// For codes: absolute.
    pub(crate) fn of_codes() -> Self {
        Yardstick { units: vec![1.0], rounding: vec![0.0], tolerance: ENCODER_TOLERANCE }
    }

    /// For decoded samples: the data's unit, or each column's scale where columns were scaled apart.
    pub(crate) fn of_samples(manifest: &Manifest) -> Self {
        let scaling = &manifest.scaling;
        if scaling.scale.len() <= 1 {
            let tolerance = DECODER_TOLERANCE * manifest.sample.span();
            return Yardstick { units: vec![1.0], rounding: vec![0.0], tolerance };
        }
        Yardstick {
            units: scaling.scale.iter().map(|scale| scale.abs()).collect(),
            rounding: scaling.offset.iter().map(|offset| OFFSET_ROUNDING * offset.abs()).collect(),
            tolerance: DECODER_TOLERANCE * COLUMN_RANGE,
        }
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

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn values_that_are_no_numbers_are_infinitely_far_from_everything() {
        let one = array![1.0].into_dyn();
        let yardstick = Yardstick::of_codes();
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let other = array![value].into_dyn();
            assert_eq!(yardstick.difference(&one, &other), f32::INFINITY);
            assert_eq!(yardstick.difference(&other, &other), f32::INFINITY);
        }
        assert_eq!(yardstick.difference(&one, &one), 0.0);
    }

    #[test]
    fn every_column_is_measured_in_its_own_unit_and_rounding_at_a_large_offset_is_forgiven() {
        let yardstick = Yardstick { units: vec![1.0, 1e-4], rounding: vec![0.0, 1e-3], tolerance: 1e-4 };
        let expected = array![[0.0, 0.0], [0.0, 0.0]].into_dyn();
        let difference = |row: [f32; 2]| yardstick.difference(&array![[0.0, 0.0], row].into_dyn(), &expected);
        assert_eq!(difference([0.5, 0.0]), 0.5);
        assert_eq!(difference([0.0, 0.0009]), 0.0);
        assert!((difference([0.0, 0.002]) - 10.0).abs() < 1e-3);
    }
}
