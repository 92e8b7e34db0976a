//! How the data's unit becomes the network's, and which likelihood fits the data.

use std::{fmt, str::FromStr};

use narrows_bundle::{Likelihood, Link, Sample, SampleType, Scaling};
use narrows_data::{
    DataError, Values,
    statistics::{Per, extremes, moments, quantiles},
};

use crate::{options::options, problems::Problems, text::as_text};

options! {
    /// How values are scaled for the network.
    pub struct ScalingOptions in "Data" {
        /// How values are scaled for the network, by the rows that are fitted: auto, none, unit (the range of the
        /// data becomes 0 to 1), standard (mean 0, standard deviation 1), minmax (0 to 1) or robust (median 0,
        /// interquartile range 1) [default: auto]
        #[flag(value_name = "HOW")]
        pub scale: Scale = Scale::Standard,
        /// Whether standard, minmax and robust scale each column separately: column or global [default: column for
        /// tables, global for images]
        #[flag(value_name = "WHICH")]
        pub scale_per: ScalePer = ScalePer::Column,
    }
}

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

/// What somebody asks of the scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// What fits the data and the likelihood.
    #[default]
    Auto,
    /// Values stay as they are.
    None,
    /// The range of the data (of the type, for bytes) becomes `[0, 1]`.
    Unit,
    /// Mean 0, standard deviation 1.
    Standard,
    /// The lowest and highest value among the rows that are fitted become 0 and 1.
    MinMax,
    /// Median 0, distance between the quartiles 1: a few far values move neither.
    Robust,
}

impl Scale {
    /// Every one.
    pub const ALL: [Scale; 6] = [Scale::Auto, Scale::None, Scale::Unit, Scale::Standard, Scale::MinMax, Scale::Robust];

    /// The name on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Scale::Auto => "auto",
            Scale::None => "none",
            Scale::Unit => "unit",
            Scale::Standard => "standard",
            Scale::MinMax => "minmax",
            Scale::Robust => "robust",
        }
    }
}

/// Whether every column is looked at alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalePer {
    /// Each alone: columns of a table have units of their own.
    Column,
    /// All together: pixels have one unit.
    Global,
}

impl ScalePer {
    /// Both.
    pub const ALL: [ScalePer; 2] = [ScalePer::Column, ScalePer::Global];

    /// The name on the command line and in configurations.
    pub fn name(self) -> &'static str {
        match self {
            ScalePer::Column => "column",
            ScalePer::Global => "global",
        }
    }

    fn of(self) -> Per {
        match self {
            ScalePer::Column => Per::Column,
            ScalePer::Global => Per::Set,
        }
    }
}

/// How values are scaled for the network, decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalingRule {
    /// Not at all.
    Unchanged,
    /// The range of the data becomes `[0, 1]`.
    Unit,
    /// Mean 0, standard deviation 1; what is constant is only centred.
    Standard(ScalePer),
    /// Lowest and highest value become 0 and 1; what is constant becomes 0.
    MinMax(ScalePer),
    /// Median 0, distance of the quartiles 1. Where the quartiles are one number, the deviation takes the place
    /// of their distance.
    Robust(ScalePer),
}

impl ScalingRule {
    /// The rule that is meant, for data of this range.
    ///
    /// `Auto` is, for bytes, the range of the type to `[0, 1]`; for floats, nothing where they lie within
    /// `[0, 1]`, their range to `[0, 1]` where the output has a sigmoid, and else `Standard`. `per` is by
    /// default every column of a table alone, and all pixels of an image together.
    pub fn of(scale: Scale, per: Option<ScalePer>, sample: &Sample, (likelihood, link): (Likelihood, Link)) -> Self {
        let (low, high) = sample.range;
        let is_table = sample.shape.len() == 1;
        let per = per.unwrap_or(if is_table { ScalePer::Column } else { ScalePer::Global });
        match scale {
            Scale::None => ScalingRule::Unchanged,
            Scale::Unit => ScalingRule::Unit,
            Scale::Standard => ScalingRule::Standard(per),
            Scale::MinMax => ScalingRule::MinMax(per),
            Scale::Robust => ScalingRule::Robust(per),
            Scale::Auto => match sample.dtype {
                SampleType::U8 => ScalingRule::Unit,
                SampleType::F32 if low >= 0.0 && high <= 1.0 => ScalingRule::Unchanged,
                SampleType::F32 if likelihood == Likelihood::Bernoulli || link == Link::Sigmoid => ScalingRule::Unit,
                SampleType::F32 => ScalingRule::Standard(per),
            },
        }
    }

    /// What makes this rule again.
    pub fn words(self) -> (Scale, Option<ScalePer>) {
        match self {
            ScalingRule::Unchanged => (Scale::None, None),
            ScalingRule::Unit => (Scale::Unit, None),
            ScalingRule::Standard(per) => (Scale::Standard, Some(per)),
            ScalingRule::MinMax(per) => (Scale::MinMax, Some(per)),
            ScalingRule::Robust(per) => (Scale::Robust, Some(per)),
        }
    }

    /// Whether scaled values stay within what a sigmoid can give back, as far as the rule knows the data.
    pub(crate) fn is_bounded(self) -> bool {
        match self {
            ScalingRule::Unchanged | ScalingRule::Unit | ScalingRule::MinMax(_) => true,
            ScalingRule::Standard(_) | ScalingRule::Robust(_) => false,
        }
    }

    /// The scaling itself; what it takes from the data, it takes from `rows`.
    pub(crate) fn scaling(self, sample: &Sample, values: &Values, rows: &[usize]) -> Result<Scaling, DataError> {
        let whole = |offset: f32, scale: f32| Scaling { offset: vec![offset], scale: vec![scale] };
        match self {
            ScalingRule::Unchanged => Ok(whole(0.0, 1.0)),
            // A checked configuration has data with a range.
            ScalingRule::Unit => Ok(whole(sample.range.0, sample.span())),
            ScalingRule::Standard(per) => {
                let moments = moments(values, rows, per.of())?;
                let (offset, scale) =
                    moments.into_iter().map(|(mean, deviation)| (mean as f32, or_one(deviation, mean))).unzip();
                Ok(Scaling { offset, scale })
            }
            ScalingRule::MinMax(per) => {
                let extremes = extremes(values, rows, per.of())?;
                let (offset, scale) = extremes
                    .into_iter()
                    .map(|(low, high)| (low, or_one(f64::from(high) - f64::from(low), 0.0)))
                    .unzip();
                Ok(Scaling { offset, scale })
            }
            ScalingRule::Robust(per) => {
                let quartiles = quantiles(values, rows, &[0.25, 0.5, 0.75], per.of())?;
                let moments = moments(values, rows, per.of())?;
                let pairs = quartiles.iter().zip(moments).map(|(quartiles, (mean, deviation))| match quartiles[..] {
                    [low, median, high] if high > low => (median, or_one(f64::from(high) - f64::from(low), 0.0)),
                    [_, median, _] => (median, or_one(deviation, mean)),
                    _ => (mean as f32, 1.0),
                });
                let (offset, scale) = pairs.unzip();
                Ok(Scaling { offset, scale })
            }
        }
    }
}

impl ScalingOptions {
    /// The rule that these options make for such samples, likelihood and output link.
    pub(crate) fn check(&self, sample: &Sample, ends: (Likelihood, Link), problems: &mut Problems) -> ScalingRule {
        let asked = self.scale.unwrap_or_default();
        let rule = ScalingRule::of(asked, self.scale_per, sample, ends);
        if ends.1 == Link::Sigmoid && !rule.is_bounded() {
            problems.add(
                "scale",
                format!(
                    "of {asked} leaves [0, 1], and a sigmoid gives nothing else: use unit, minmax or the identity link"
                ),
            );
        }
        let (scale, per) = rule.words();
        if self.scale_per.is_some() && per.is_none() {
            problems.add("scale_per", format!("means nothing for {scale}, which scales all alike"));
        }
        rule
    }
}

impl ScalingRule {
    /// The options that make this rule.
    pub(crate) fn options(self) -> ScalingOptions {
        let (scale, scale_per) = self.words();
        ScalingOptions { scale: Some(scale), scale_per }
    }
}

/// What to divide by. What is left of a constant column is rounding; dividing by it would blow noise up.
fn or_one(width: f64, mean: f64) -> f32 {
    let is_sound = width > 1e-7 * mean.abs() && width > f64::from(f32::MIN_POSITIVE);
    let width = width as f32;
    if is_sound && width.is_finite() { width } else { 1.0 }
}

/// Says how a closed set is written.
macro_rules! as_word {
    ($type:ident, $what:literal) => {
        as_text!($type);

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $type::ALL.into_iter().find(|one| one.name() == text).ok_or_else(|| {
                    let names = $type::ALL.map(|one| one.name()).join(", ");
                    format!("`{text}` is no {}: write {names}", $what)
                })
            }
        }
    };
}

as_word!(Scale, "way to scale");
as_word!(ScalePer, "way to look at columns");

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    fn sample(shape: &[usize], dtype: SampleType, range: (f32, f32)) -> Sample {
        Sample { shape: shape.to_vec(), dtype, range, columns: None, fill: None }
    }

    #[test]
    fn the_likelihood_follows_the_range() {
        let of = |dtype, range| likelihood_for(&sample(&[2], dtype, range));
        assert_eq!(of(SampleType::U8, (0.0, 255.0)), Likelihood::Bernoulli);
        assert_eq!(of(SampleType::F32, (0.0, 1.0)), Likelihood::Bernoulli);
        assert_eq!(of(SampleType::F32, (-0.1, 1.0)), Likelihood::Gaussian);
        assert_eq!(of(SampleType::F32, (0.0, 1.5)), Likelihood::Gaussian);
    }

    #[test]
    fn what_is_left_open_follows_the_data_and_no_sigmoid_meets_what_it_cannot_give_back() {
        let auto = |shape: &[usize], dtype, range, likelihood, link| {
            ScalingRule::of(Scale::Auto, None, &sample(shape, dtype, range), (likelihood, link))
        };
        let (bernoulli, gaussian) = (Likelihood::Bernoulli, Likelihood::Gaussian);
        let wild = (-3.0, 900.0);
        assert_eq!(auto(&[2], SampleType::U8, (0.0, 255.0), gaussian, Link::Identity), ScalingRule::Unit);
        assert_eq!(auto(&[2], SampleType::F32, (0.0, 1.0), gaussian, Link::Identity), ScalingRule::Unchanged);
        assert_eq!(auto(&[2], SampleType::F32, wild, bernoulli, Link::Sigmoid), ScalingRule::Unit);
        assert_eq!(auto(&[2], SampleType::F32, wild, gaussian, Link::Sigmoid), ScalingRule::Unit);
        let standard = |shape: &[usize]| auto(shape, SampleType::F32, wild, gaussian, Link::Identity);
        assert_eq!(standard(&[2]), ScalingRule::Standard(ScalePer::Column));
        assert_eq!(standard(&[2, 2]), ScalingRule::Standard(ScalePer::Global));
    }

    #[test]
    fn scalings_are_found_in_the_rows_that_are_fitted_and_constant_columns_are_safe() {
        let held_out = [1e6f32, -5.0];
        let values = Values::F32(arr2(&[[1000.0f32, 7.0], [1002.0, 7.0], held_out]));
        let sample = sample(&[2], SampleType::F32, (-5.0, 1e6));
        let of = |rule: ScalingRule| rule.scaling(&sample, &values, &[0, 1]).expect("in memory");
        let column = ScalePer::Column;
        let expected = [
            (ScalingRule::Standard(column), vec![1001.0, 7.0], vec![1.0, 1.0]),
            (ScalingRule::MinMax(column), vec![1000.0, 7.0], vec![2.0, 1.0]),
            (ScalingRule::Robust(column), vec![1001.0, 7.0], vec![1.0, 1.0]),
            (ScalingRule::MinMax(ScalePer::Global), vec![7.0], vec![995.0]),
            (ScalingRule::Unit, vec![-5.0], vec![1_000_005.0]),
        ];
        for (rule, offset, scale) in expected {
            assert_eq!(of(rule), Scaling { offset, scale }, "{rule:?}");
        }
    }

    #[test]
    fn a_column_that_is_nearly_always_the_same_is_divided_by_its_deviation() {
        let values = Values::F32(arr2(&[[0.0f32], [0.0], [0.0], [0.0], [0.0], [0.0], [0.0], [8.0]]));
        let rows: Vec<usize> = (0..8).collect();
        let sample = sample(&[1], SampleType::F32, (0.0, 8.0));
        let found = ScalingRule::Robust(ScalePer::Column).scaling(&sample, &values, &rows).expect("in memory");
        assert!(found.offset == [0.0] && (found.scale[0] - 7f32.sqrt()).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn every_rule_is_made_again_by_its_words() {
        let sample = sample(&[2, 2], SampleType::F32, (-3.0, 9.0));
        for per in ScalePer::ALL {
            for rule in [ScalingRule::Unchanged, ScalingRule::Unit, ScalingRule::MinMax(per), ScalingRule::Robust(per)]
            {
                let (scale, per) = rule.words();
                let again = ScalingRule::of(scale, per, &sample, (Likelihood::Gaussian, Link::Identity));
                assert_eq!((again, scale.name().parse()), (rule, Ok(scale)));
            }
        }
    }
}
