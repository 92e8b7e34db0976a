//! Feature scaling.

mod cells;
mod of_moments;

use std::{fmt, str::FromStr};

use narrows_bundle::{Likelihood, Link, Sample, SampleKind, SampleType, Scaling};
use narrows_data::{
    DataError, Values,
    statistics::{Per, extremes, moments, quantiles},
};

use crate::{options::options, problems::Problems, text::as_text};

options! {
    /// Feature scaling.
    pub struct ScalingOptions in "Data" {
        /// Feature scaling: none, unit (range of the data set, 0 to 255 for bytes, to [0, 1]), standard (mean 0,
        /// standard deviation 1), minmax (minimum and maximum to 0 and 1), robust (median 0, interquartile range 1) or
        /// auto (chosen by the data). Standard, minmax and robust are fitted on the training rows [default: auto]
        #[flag(value_name = "METHOD")]
        pub scale: Scale = Scale::Standard,
        /// Whether standard, minmax and robust use the statistics of each feature (column), which for series is each
        /// channel, or of all features together (global) [default: column for tables and series, global for images]
        #[flag(value_name = "column|global")]
        pub scale_per: ScalePer = ScalePer::Column,
    }
}

/// The scaling method as an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Chosen by the data and the likelihood, see [`ScalingRule::of`].
    #[default]
    Auto,
    /// No scaling.
    None,
    /// Maps the range of the data (for bytes, the range of the type) to `[0, 1]`.
    Unit,
    /// Scales to mean 0 and standard deviation 1.
    Standard,
    /// Maps minimum and maximum of the fitted rows to 0 and 1.
    MinMax,
    /// Scales to median 0 and interquartile range 1, which a few outliers do not affect.
    Robust,
}

impl Scale {
    /// All methods.
    pub const ALL: [Scale; 6] = [Scale::Auto, Scale::None, Scale::Unit, Scale::Standard, Scale::MinMax, Scale::Robust];

    /// Returns the name on the command line and in configuration files.
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

/// The features that share the statistics of a scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalePer {
    /// Statistics of each column: the columns of a table have different units.
    Column,
    /// Statistics of all features together: pixels have the same unit.
    Global,
}

impl ScalePer {
    /// All variants.
    pub const ALL: [ScalePer; 2] = [ScalePer::Column, ScalePer::Global];

    /// Returns the name on the command line and in configuration files.
    pub fn name(self) -> &'static str {
        match self {
            ScalePer::Column => "column",
            ScalePer::Global => "global",
        }
    }

    /// Returns which statistics to compute, and for how many consecutive features each of them is.
    fn statistics(self, sample: &Sample) -> (Per, usize) {
        match (self, sample.kind, &sample.shape[..]) {
            (ScalePer::Global, _, _) => (Per::Set, 1),
            (ScalePer::Column, SampleKind::Features, _) => (Per::Column, 1),
            (ScalePer::Column, SampleKind::Series, &[channels, length]) if channels > 1 => {
                (Per::Channel(length), length)
            }
            (ScalePer::Column, SampleKind::Series, _) => (Per::Set, 1),
        }
    }
}

/// The scaling method of a checked configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalingRule {
    /// No scaling.
    Unchanged,
    /// Maps the range of the data to `[0, 1]`.
    Unit,
    /// Scales to mean 0 and standard deviation 1; constant features are only centred.
    Standard(ScalePer),
    /// Maps minimum and maximum to 0 and 1; constant features become 0.
    MinMax(ScalePer),
    /// Scales to median 0 and interquartile range 1. If the interquartile range is 0, the standard deviation is used
    /// instead.
    Robust(ScalePer),
}

impl ScalingRule {
    /// Returns the scaling that the options select for the data.
    ///
    /// `Auto` is `Unit` for bytes, `Unchanged` for floats in `[0, 1]`, `Unit` for other floats with a Bernoulli
    /// likelihood or a sigmoid output, and `Standard` otherwise. `per` defaults to `Column` for tables and series,
    /// and to `Global` for images. A column of series is a channel.
    pub fn of(scale: Scale, per: Option<ScalePer>, sample: &Sample, (likelihood, link): (Likelihood, Link)) -> Self {
        let (low, high) = sample.range;
        let has_columns = sample.shape.len() == 1 || sample.kind == SampleKind::Series;
        let per = per.unwrap_or(if has_columns { ScalePer::Column } else { ScalePer::Global });
        if sample.table.is_some() && scale == Scale::Auto {
            return ScalingRule::Standard(ScalePer::Column);
        }
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

    /// Returns the options that select this rule.
    pub fn scale_and_per(self) -> (Scale, Option<ScalePer>) {
        match self {
            ScalingRule::Unchanged => (Scale::None, None),
            ScalingRule::Unit => (Scale::Unit, None),
            ScalingRule::Standard(per) => (Scale::Standard, Some(per)),
            ScalingRule::MinMax(per) => (Scale::MinMax, Some(per)),
            ScalingRule::Robust(per) => (Scale::Robust, Some(per)),
        }
    }

    /// Returns whether scaled values are in `[0, 1]`, the range of a sigmoid, for the data that the rule is fitted on.
    pub(crate) fn is_bounded(self) -> bool {
        match self {
            ScalingRule::Unchanged | ScalingRule::Unit | ScalingRule::MinMax(_) => true,
            ScalingRule::Standard(_) | ScalingRule::Robust(_) => false,
        }
    }

    /// Fits the scaling; statistics of the data are computed from `rows`. Of a mixed table only numbers are scaled.
    pub(crate) fn scaling(self, sample: &Sample, values: &Values, rows: &[usize]) -> Result<Scaling, DataError> {
        match sample.cells() {
            None => self.of_features(sample, values, rows),
            Some(cells) => self.of_cells(&cells, sample, values, rows),
        }
    }

    fn of_features(self, sample: &Sample, values: &Values, rows: &[usize]) -> Result<Scaling, DataError> {
        let global = |offset: f32, scale: f32| Scaling { offset: vec![offset], scale: vec![scale] };
        match self {
            ScalingRule::Unchanged => Ok(global(0.0, 1.0)),
            // The data of a checked configuration is not constant, so the span is not 0.
            ScalingRule::Unit => Ok(global(sample.range.0, sample.span())),
            ScalingRule::Standard(per) => {
                let (per, length) = per.statistics(sample);
                Ok(standard(moments(values, rows, per)?, length))
            }
            ScalingRule::MinMax(per) => {
                let (per, length) = per.statistics(sample);
                Ok(minmax(extremes(values, rows, per)?, length))
            }
            ScalingRule::Robust(per) => {
                let (per, length) = per.statistics(sample);
                let quartiles = quantiles(values, rows, &[0.25, 0.5, 0.75], per)?;
                let moments = moments(values, rows, per)?;
                let pairs = quartiles.iter().zip(moments).map(|(quartiles, (mean, deviation))| match quartiles[..] {
                    [low, median, high] if high > low => (median, divisor(f64::from(high) - f64::from(low), 0.0)),
                    [_, median, _] => (median, divisor(deviation, mean)),
                    _ => (mean as f32, 1.0),
                });
                let (offset, scale) = pairs.unzip();
                Ok(repeated(offset, scale, length))
            }
        }
    }
}

impl ScalingOptions {
    /// Checks these options and returns the scaling for the samples; `ends` are the likelihood and the output link.
    pub(crate) fn check(&self, sample: &Sample, ends: (Likelihood, Link), problems: &mut Problems) -> ScalingRule {
        let scale = self.scale.unwrap_or_default();
        let rule = ScalingRule::of(scale, self.scale_per, sample, ends);
        if ends.1 == Link::Sigmoid && !rule.is_bounded() {
            let other_output = match ends.0 {
                Likelihood::Bernoulli => "--likelihood gaussian --output-link identity",
                Likelihood::Gaussian | Likelihood::Columns => "--output-link identity",
            };
            problems.add_of_data(
                "scale",
                format!(
                    "is {scale}, which gives values outside [0, 1], but a sigmoid output cannot reconstruct them; pass \
                     --scale unit, --scale minmax or {other_output}"
                ),
            );
        }
        if sample.table.is_some() && rule == ScalingRule::Unit {
            let what = "is unit, the range of all values, but the columns of a mixed table have units of their own; pass \
                        standard, minmax or robust";
            problems.add_of_data("scale", what);
        }
        if sample.table.is_some() && self.scale_per == Some(ScalePer::Global) {
            let what = "is global, but the columns of a mixed table have units of their own; leave it out";
            problems.add_of_data("scale_per", what);
        }
        let (scale, per) = rule.scale_and_per();
        if self.scale_per.is_some() && per.is_none() {
            problems.add_of_data(
                "scale_per",
                format!(
                    "has no effect with --scale {scale}, which scales all features by the same values; leave it out"
                ),
            );
        }
        rule
    }
}

impl ScalingRule {
    /// Returns the options that produce this rule.
    pub(crate) fn options(self) -> ScalingOptions {
        let (scale, scale_per) = self.scale_and_per();
        ScalingOptions { scale: Some(scale), scale_per }
    }
}

/// Returns the scaling to mean 0 and standard deviation 1 of means and deviations.
fn standard(moments: Vec<(f64, f64)>, length: usize) -> Scaling {
    let pair = |(mean, deviation)| (mean as f32, divisor(deviation, mean));
    let (offset, scale) = moments.into_iter().map(pair).unzip();
    repeated(offset, scale, length)
}

/// Returns the scaling of minima and maxima to 0 and 1.
fn minmax(extremes: Vec<(f32, f32)>, length: usize) -> Scaling {
    let pair = |(low, high)| (low, divisor(f64::from(high) - f64::from(low), 0.0));
    let (offset, scale) = extremes.into_iter().map(pair).unzip();
    repeated(offset, scale, length)
}

/// Returns a scaling in which each offset and scale is that of `length` consecutive features.
fn repeated(offset: Vec<f32>, scale: Vec<f32>, length: usize) -> Scaling {
    let repeat = |values: Vec<f32>| values.into_iter().flat_map(|value| std::iter::repeat_n(value, length)).collect();
    Scaling { offset: repeat(offset), scale: repeat(scale) }
}

/// Returns the divisor for values of the given width (deviation or range). It is 1 if the width is only rounding error,
/// as in a constant column, because dividing by it would amplify noise.
fn divisor(width: f64, mean: f64) -> f32 {
    let is_reliable = width > 1e-7 * mean.abs() && width > f64::from(f32::MIN_POSITIVE);
    let width = width as f32;
    if is_reliable && width.is_finite() { width } else { 1.0 }
}

/// Implements the text form of an enum: the names of its variants.
macro_rules! as_word {
    ($type:ident, $noun:literal) => {
        as_text!($type);

        impl fmt::Display for $type {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $type::ALL.into_iter().find(|variant| variant.name() == text).ok_or_else(|| {
                    let names = $type::ALL.map(|variant| variant.name()).join(", ");
                    format!("`{text}` is not a {}: choose one of {names}", $noun)
                })
            }
        }
    };
}

as_word!(Scale, "scaling method");
as_word!(ScalePer, "scope of the statistics");

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    fn sample(shape: &[usize], dtype: SampleType, range: (f32, f32)) -> Sample {
        Sample {
            shape: shape.to_vec(),
            dtype,
            range,
            columns: None,
            fill: None,
            kind: narrows_bundle::SampleKind::default(),
            windows: None,
            table: None,
        }
    }

    #[test]
    fn automatic_scaling_depends_on_the_data_and_fits_a_sigmoid_output() {
        let auto = |shape: &[usize], dtype, range, likelihood, link| {
            ScalingRule::of(Scale::Auto, None, &sample(shape, dtype, range), (likelihood, link))
        };
        let (bernoulli, gaussian) = (Likelihood::Bernoulli, Likelihood::Gaussian);
        let wide = (-3.0, 900.0);
        assert_eq!(auto(&[2], SampleType::U8, (0.0, 255.0), gaussian, Link::Identity), ScalingRule::Unit);
        assert_eq!(auto(&[2], SampleType::F32, (0.0, 1.0), gaussian, Link::Identity), ScalingRule::Unchanged);
        assert_eq!(auto(&[2], SampleType::F32, wide, bernoulli, Link::Sigmoid), ScalingRule::Unit);
        assert_eq!(auto(&[2], SampleType::F32, wide, gaussian, Link::Sigmoid), ScalingRule::Unit);
        let standard = |shape: &[usize]| auto(shape, SampleType::F32, wide, gaussian, Link::Identity);
        assert_eq!(standard(&[2]), ScalingRule::Standard(ScalePer::Column));
        assert_eq!(standard(&[2, 2]), ScalingRule::Standard(ScalePer::Global));
    }

    #[test]
    fn scalings_are_fitted_on_the_given_rows_and_do_not_divide_by_zero_for_constant_columns() {
        let held_out = [1e6f32, -5.0];
        let values = Values::F32(arr2(&[[1000.0f32, 7.0], [1002.0, 7.0], held_out]));
        let sample = sample(&[2], SampleType::F32, (-5.0, 1e6));
        let fitted = |rule: ScalingRule| rule.scaling(&sample, &values, &[0, 1]).expect("in memory");
        let column = ScalePer::Column;
        let expected = [
            (ScalingRule::Standard(column), vec![1001.0, 7.0], vec![1.0, 1.0]),
            (ScalingRule::MinMax(column), vec![1000.0, 7.0], vec![2.0, 1.0]),
            (ScalingRule::Robust(column), vec![1001.0, 7.0], vec![1.0, 1.0]),
            (ScalingRule::MinMax(ScalePer::Global), vec![7.0], vec![995.0]),
            (ScalingRule::Unit, vec![-5.0], vec![1_000_005.0]),
        ];
        for (rule, offset, scale) in expected {
            assert_eq!(fitted(rule), Scaling { offset, scale }, "{rule:?}");
        }
    }

    #[test]
    fn a_channel_of_series_has_one_scaling_over_all_time_steps() {
        let values = Values::F32(arr2(&[[1.0f32, 3.0, 10.0, 30.0], [3.0, 1.0, 30.0, 10.0]]));
        let mut sample = sample(&[2, 2], SampleType::F32, (1.0, 30.0));
        sample.kind = SampleKind::Series;
        let ends = (Likelihood::Gaussian, Link::Identity);
        let rule = ScalingRule::of(Scale::Auto, None, &sample, ends);
        assert_eq!(rule, ScalingRule::Standard(ScalePer::Column));
        let scaling = rule.scaling(&sample, &values, &[0, 1]).expect("in memory");
        let expected = Scaling { offset: vec![2.0, 2.0, 20.0, 20.0], scale: vec![1.0, 1.0, 10.0, 10.0] };
        assert_eq!(scaling, expected);
    }

    #[test]
    fn robust_scaling_divides_a_nearly_constant_column_by_its_standard_deviation() {
        let values = Values::F32(arr2(&[[0.0f32], [0.0], [0.0], [0.0], [0.0], [0.0], [0.0], [8.0]]));
        let rows: Vec<usize> = (0..8).collect();
        let sample = sample(&[1], SampleType::F32, (0.0, 8.0));
        let scaling = ScalingRule::Robust(ScalePer::Column).scaling(&sample, &values, &rows).expect("in memory");
        assert!(scaling.offset == [0.0] && (scaling.scale[0] - 7f32.sqrt()).abs() < 1e-6, "{scaling:?}");
    }

    #[test]
    fn the_options_of_every_rule_select_the_same_rule() {
        let sample = sample(&[2, 2], SampleType::F32, (-3.0, 9.0));
        for per in ScalePer::ALL {
            for rule in [ScalingRule::Unchanged, ScalingRule::Unit, ScalingRule::MinMax(per), ScalingRule::Robust(per)]
            {
                let (scale, per) = rule.scale_and_per();
                let selected = ScalingRule::of(scale, per, &sample, (Likelihood::Gaussian, Link::Identity));
                assert_eq!((selected, scale.name().parse()), (rule, Ok(scale)));
            }
        }
    }
}
