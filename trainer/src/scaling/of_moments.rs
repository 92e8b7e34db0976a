//! The scaling of a data set of which only the moments are known.

use std::ops::Range;

use narrows_bundle::{Moments, Sample, Scaling};
use narrows_data::statistics::Per;

use super::{ScalePer, ScalingRule, minmax, standard};

impl ScalingRule {
    /// Fits the scaling to moments; the range of `sample` is that of the moments.
    pub(crate) fn of_moments(self, sample: &Sample, moments: &Moments) -> Scaling {
        let (offset, scale) = match self {
            ScalingRule::Unchanged => (0.0, 1.0),
            ScalingRule::Unit => (sample.range.0, sample.span()),
            ScalingRule::Standard(per) => {
                let (groups, length) = groups(per, sample);
                return standard(groups.map(|features| pooled(moments, features)).collect(), length);
            }
            ScalingRule::MinMax(per) => {
                let (groups, length) = groups(per, sample);
                return minmax(groups.map(|features| extremes(moments, features)).collect(), length);
            }
            ScalingRule::Robust(_) => unreachable!("the check of the configuration refuses robust scaling by moments"),
        };
        Scaling { offset: vec![offset], scale: vec![scale] }
    }
}

/// Returns the features that share the statistics of a scaling, and for how many features each statistic is.
fn groups(per: ScalePer, sample: &Sample) -> (impl Iterator<Item = Range<usize>>, usize) {
    let features = sample.features();
    let (per, length) = per.statistics(sample);
    let size = match per {
        Per::Set => features,
        Per::Column => 1,
        Per::Channel(length) => length,
    }
    .max(1);
    ((0..features).step_by(size).map(move |start| start..features.min(start + size)), length)
}

/// Returns the mean and the standard deviation of all values of some features: the variance is the mean of the
/// variances and of the squared distances of the means.
fn pooled(moments: &Moments, features: Range<usize>) -> (f64, f64) {
    let count = features.len() as f64;
    let mean = features.clone().map(|feature| moments.mean[feature]).sum::<f64>() / count;
    let spread = |feature| moments.covariance[(feature, feature)] + (moments.mean[feature] - mean).powi(2);
    (mean, (features.map(spread).sum::<f64>() / count).sqrt())
}

fn extremes(moments: &Moments, features: Range<usize>) -> (f32, f32) {
    let low = moments.minimum[features.clone()].iter().copied().fold(f32::INFINITY, f32::min);
    let high = moments.maximum[features].iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (low, high)
}

#[cfg(test)]
mod tests {
    use narrows_bundle::{SampleKind, SampleType};
    use narrows_data::{Dataset, Values};
    use ndarray::array;

    use super::*;

    #[test]
    fn a_scaling_of_moments_is_that_of_the_rows_for_every_rule_and_form_of_samples() {
        let rows = array![[1.0f32, 30.0, -7.0, 5.0], [3.0, 10.0, -7.0, 6.5], [2.0, 45.0, -7.0, 2.0]];
        let forms = [
            (vec![4], SampleKind::Features),
            (vec![2, 2], SampleKind::Features),
            (vec![2, 2], SampleKind::Series),
            (vec![4], SampleKind::Series),
        ];
        let rules = ScalePer::ALL.map(|per| [ScalingRule::Standard(per), ScalingRule::MinMax(per)]).concat();
        for (shape, kind) in forms {
            let data = Dataset::from_array("rows", rows.clone()).expect("finite samples");
            let sample = Sample {
                shape,
                dtype: SampleType::F32,
                range: data.range,
                columns: None,
                fill: None,
                kind,
                windows: None,
                table: None,
            };
            for rule in rules.iter().copied().chain([ScalingRule::Unit, ScalingRule::Unchanged]) {
                let of_rows = rule.scaling(&sample, &Values::F32(rows.clone()), &[0, 1, 2]).expect("in memory");
                let of_moments = rule.of_moments(&sample, &Moments::of(&rows.view(), None));
                assert_eq!(of_moments.offset.len(), of_rows.offset.len(), "{rule:?} of {sample:?}");
                let pairs = [(&of_moments.offset, &of_rows.offset), (&of_moments.scale, &of_rows.scale)];
                for (found, expected) in pairs.into_iter().flat_map(|(one, other)| one.iter().zip(other)) {
                    assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{rule:?}: {found}, not {expected}");
                }
            }
        }
    }
}
