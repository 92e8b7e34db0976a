//! How the data's unit becomes the network's, and which likelihood fits the data.

use narrows_bundle::{Likelihood, Sample, SampleType, Scaling};
use narrows_data::Values;

use crate::samples::row_of;

/// The likelihood for data of this range, when nobody said which.
///
/// Bernoulli where every value has a place between a known darkest and brightest: bytes, and floats that
/// lie in `[0, 1]`. Gaussian for everything else, so that heavy tails and negative numbers never meet a
/// sigmoid by accident.
pub(crate) fn likelihood_for(sample: &Sample) -> Likelihood {
    let (low, high) = sample.range;
    let is_bounded = sample.dtype == SampleType::U8 || (low >= 0.0 && high <= 1.0);
    if is_bounded { Likelihood::Bernoulli } else { Likelihood::Gaussian }
}

/// How values are scaled for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalingRule {
    /// Not at all.
    Unchanged,
    /// The range of the data becomes `[0, 1]`.
    Range,
    /// Each column gets mean 0 and deviation 1; a constant column is only centred.
    Standardised,
}

impl ScalingRule {
    /// The rule for data of this range under a likelihood.
    ///
    /// Bytes: the unit's own range becomes `[0, 1]`. Floats within `[0, 1]` are left alone. Other floats:
    /// the observed range becomes `[0, 1]` under a Bernoulli likelihood, columns are standardised under a
    /// Gaussian.
    pub fn of(sample: &Sample, likelihood: Likelihood) -> Self {
        let (low, high) = sample.range;
        match (sample.dtype, likelihood) {
            (SampleType::U8, _) => ScalingRule::Range,
            (SampleType::F32, _) if low >= 0.0 && high <= 1.0 => ScalingRule::Unchanged,
            (SampleType::F32, Likelihood::Bernoulli) => ScalingRule::Range,
            (SampleType::F32, Likelihood::Gaussian) => ScalingRule::Standardised,
        }
    }

    /// The scaling itself; what it takes from the data, it takes from `rows`.
    pub(crate) fn scaling(self, sample: &Sample, values: &Values, rows: &[usize]) -> Scaling {
        let whole = |offset: f32, scale: f32| Scaling { offset: vec![offset], scale: vec![scale] };
        match self {
            ScalingRule::Unchanged => whole(0.0, 1.0),
            // A checked configuration has data with a range.
            ScalingRule::Range => whole(sample.range.0, sample.span()),
            ScalingRule::Standardised => standardising(values, rows),
        }
    }
}

/// Two passes in `f64`: the textbook's one-pass variance cancels where the mean is large.
fn standardising(values: &Values, rows: &[usize]) -> Scaling {
    let count = rows.len().max(1) as f64;
    let mut mean = vec![0f64; values.features()];
    for &row in rows {
        mean.iter_mut().zip(row_of(values, row)).for_each(|(mean, value)| *mean += f64::from(value) / count);
    }
    let mut variance = vec![0f64; values.features()];
    for &row in rows {
        let centred = row_of(values, row).zip(&mean).map(|(value, mean)| f64::from(value) - mean);
        variance.iter_mut().zip(centred).for_each(|(variance, value)| *variance += value * value / count);
    }
    // What is left of a constant column is rounding; dividing by it would blow noise up.
    let scale = variance.iter().zip(&mean).map(|(&variance, &mean)| {
        let deviation = variance.sqrt();
        if deviation > 1e-7 * mean.abs() && deviation > f64::from(f32::MIN_POSITIVE) { deviation as f32 } else { 1.0 }
    });
    Scaling { scale: scale.collect(), offset: mean.iter().map(|&mean| mean as f32).collect() }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn the_likelihood_follows_the_range() {
        let sample = |dtype, range| Sample { shape: vec![2], dtype, range };
        assert_eq!(likelihood_for(&sample(SampleType::U8, (0.0, 255.0))), Likelihood::Bernoulli);
        assert_eq!(likelihood_for(&sample(SampleType::F32, (0.0, 1.0))), Likelihood::Bernoulli);
        assert_eq!(likelihood_for(&sample(SampleType::F32, (-0.1, 1.0))), Likelihood::Gaussian);
        assert_eq!(likelihood_for(&sample(SampleType::F32, (0.0, 1.5))), Likelihood::Gaussian);
    }

    #[test]
    fn columns_are_standardised_and_a_constant_one_is_only_centred() {
        let values = Values::F32(arr2(&[[1000.0f32, 7.0], [1002.0, 7.0]]));
        let scaling = standardising(&values, &[0, 1]);
        assert_eq!((scaling.offset, scaling.scale), (vec![1001.0, 7.0], vec![1.0, 1.0]));
    }
}
