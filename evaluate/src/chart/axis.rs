//! An axis of a chart: its range, its scale, and its ticks at round numbers.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// The largest ratio of positive losses on a linear axis. Above it, the losses of the first epochs would hide the
/// differences between later ones.
const MAX_LINEAR_RATIO: f64 = 5.0;
/// The free space above and below the losses, as a fraction of their range.
const PADDING: f64 = 0.05;
/// The relative difference below which values count as equal, because their tick labels would be equal.
const RELATIVE_TOLERANCE: f64 = 1e-9;
/// The approximate maximum number of ticks.
const MAX_TICKS: f64 = 8.0;
/// The most characters of the labels of a horizontal axis, with one for the space between two labels.
const MAX_CHARACTERS: usize = 38;
/// Choices of ticks within a decade, from few to many. The first one with at least [`MIN_TICKS`] ticks is used.
const MANTISSAS: [&[f64]; 4] = [&[1.0], &[1.0, 3.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]];
const MIN_TICKS: usize = 5;

#[derive(Debug, Clone, Copy)]
enum Scale {
    Linear { decimals: usize },
    Logarithmic,
}

/// A range of values with its ticks.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    range: Range<f64>,
    scale: Scale,
    ticks: Vec<f64>,
}

impl Axis {
    /// Creates an axis of epochs from `low` to `high`, with ticks at integers.
    pub(crate) fn epochs(low: f64, high: f64) -> Self {
        let range = if low < high { low..high } else { low - 0.5..low + 0.5 };
        Self::linear(range, 1.0)
    }

    /// Creates an axis of losses from `low` to `high`, both in the range of `f32`. It is logarithmic if they are
    /// positive and their ratio is large.
    pub(crate) fn losses(low: f64, high: f64) -> Self {
        let size = low.abs().max(high.abs());
        if high - low <= RELATIVE_TOLERANCE * size {
            let margin = if size == 0.0 { 1.0 } else { 0.1 * size };
            return Self::linear(low - margin..high + margin, 0.0);
        }
        if low > 0.0 && high / low > MAX_LINEAR_RATIO {
            let padding = (high / low).powf(PADDING);
            return Self::logarithmic(low / padding..high * padding);
        }
        let padding = PADDING * (high - low);
        // An axis of nonnegative losses does not show negative values.
        let bottom = if low >= 0.0 { (low - padding).max(0.0) } else { low - padding };
        Self::linear(bottom..high + padding, 0.0)
    }

    /// Creates a logarithmic axis of counts from `low` to `high`, both at least 1.
    pub(crate) fn counts(low: f64, high: f64) -> Self {
        if low < high { Self::logarithmic(low..high) } else { Self::linear(low - 0.5..low + 0.5, 1.0) }
    }

    /// Creates a linear axis of amounts from 0, or from `low` if it is negative, to `high`.
    pub(crate) fn amounts(low: f64, high: f64) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let padding = PADDING * if low < high { high - low } else { 1.0 };
        Self::linear(low..high + padding, 0.0)
    }

    /// Creates a linear axis of numbers of rows from 0 to `high`, at least 1, with ticks at integers.
    pub(crate) fn frequencies(high: f64) -> Self {
        Self::linear(0.0..high * (1.0 + PADDING), 1.0)
    }

    /// Creates a linear axis from `low` to `high`, which is larger, with fewer ticks if their labels are long.
    pub(crate) fn values(low: f64, high: f64) -> Self {
        let of = |ticks: f64| Self::linear_of(low..high, 0.0, ticks);
        let fits = |axis: &Axis| axis.labels().map(|label| label.len() + 1).sum::<usize>() <= MAX_CHARACTERS;
        let fewer = [MAX_TICKS, MAX_TICKS / 2.0, MAX_TICKS / 4.0].into_iter().map(of).find(fits);
        fewer.unwrap_or_else(|| of(1.0))
    }

    /// Creates an axis from 0 to `count` without ticks.
    pub(crate) fn slots(count: usize) -> Self {
        Axis { range: 0.0..count as f64, scale: Scale::Linear { decimals: 0 }, ticks: Vec::new() }
    }

    fn linear(range: Range<f64>, smallest_step: f64) -> Self {
        Self::linear_of(range, smallest_step, MAX_TICKS)
    }

    fn linear_of(range: Range<f64>, smallest_step: f64, most: f64) -> Self {
        let step = ((range.end - range.start) / most).max(smallest_step);
        let mut exponent = step.log10().floor() as i32;
        let mantissa = [1.0, 2.0, 5.0].into_iter().find(|&mantissa| decimal(mantissa, exponent) >= step);
        let mantissa = mantissa.unwrap_or_else(|| {
            exponent += 1;
            1.0
        });
        let first = (range.start / decimal(mantissa, exponent)).ceil();
        let ticks = (0..).map(|index| decimal((first + f64::from(index)) * mantissa, exponent));
        let ticks = ticks.take_while(|&tick| tick <= range.end).collect();
        let decimals = usize::try_from(-exponent).unwrap_or(0);
        Axis { range, scale: Scale::Linear { decimals }, ticks }
    }

    fn logarithmic(range: Range<f64>) -> Self {
        let decades = range.start.log10().floor() as i32..=range.end.log10().floor() as i32;
        let stride = (f64::from(decades.end() - decades.start()) / MAX_TICKS).ceil().max(1.0) as usize;
        let ticks_at = |mantissas: &[f64]| -> Vec<f64> {
            let decades = decades.clone().step_by(stride);
            let ticks = decades.flat_map(|exponent| mantissas.iter().map(move |&m| decimal(m, exponent)));
            ticks.filter(|tick| (range.start..=range.end).contains(tick)).collect()
        };
        let choices = MANTISSAS.map(ticks_at);
        let choice = choices.iter().position(|ticks| ticks.len() >= MIN_TICKS);
        let ticks = choices[choice.unwrap_or(choices.len() - 1)].clone();
        Axis { range, scale: Scale::Logarithmic, ticks }
    }

    /// Returns the labels of all ticks.
    pub(crate) fn labels(&self) -> impl Iterator<Item = String> {
        self.ticks.iter().map(|tick| self.format_ext(tick))
    }

    /// Returns the position of `value`: 0 at the start of the axis, 1 at its end.
    fn position(&self, value: f64) -> f64 {
        let Range { start, end } = self.range;
        match self.scale {
            Scale::Linear { .. } => (value - start) / (end - start),
            Scale::Logarithmic => (value / start).ln() / (end / start).ln(),
        }
    }
}

/// Returns `mantissa * 10^exponent`, rounded once, so that it prints with few digits.
fn decimal(mantissa: f64, exponent: i32) -> f64 {
    format!("{mantissa}e{exponent}").parse().expect("a decimal number with an exponent is a float")
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (self.position(*value) * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let sizes = || self.ticks.iter().map(|tick| tick.abs()).filter(|&size| size > 0.0);
        let largest = sizes().fold(0.0, f64::max);
        match self.scale {
            _ if *value == 0.0 => "0".to_owned(),
            Scale::Linear { decimals } if (1e-3..1e6).contains(&largest) => format!("{value:.decimals$}"),
            Scale::Logarithmic if sizes().all(|size| (1e-4..1e6).contains(&size)) => value.to_string(),
            Scale::Linear { .. } | Scale::Logarithmic => format!("{value:e}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        let cases: [(Axis, &[&str]); 14] = [
            (Axis::epochs(1.0, 200.0), &["50", "100", "150", "200"]),
            (Axis::epochs(1.0, 10.0), &["2", "4", "6", "8", "10"]),
            (Axis::epochs(1.0, 3.0), &["1", "2", "3"]),
            (Axis::epochs(7.0, 7.0), &["7"]),
            (Axis::losses(80.0, 200.0), &["80", "100", "120", "140", "160", "180", "200"]),
            (Axis::losses(0.11, 0.17), &["0.11", "0.12", "0.13", "0.14", "0.15", "0.16", "0.17"]),
            (Axis::losses(-3.0, 40.0), &["0", "10", "20", "30", "40"]),
            (Axis::losses(80.0, 1000.0), &["100", "150", "200", "300", "500", "700", "1000"]),
            (Axis::losses(3e-4, 3e-2), &["0.0003", "0.001", "0.003", "0.01", "0.03"]),
            (Axis::losses(2e-5, 3e-2), &["3e-5", "1e-4", "3e-4", "1e-3", "3e-3", "1e-2", "3e-2"]),
            (Axis::losses(1e6, 4e6), &["1e6", "1.5e6", "2e6", "2.5e6", "3e6", "3.5e6", "4e6"]),
            (Axis::losses(5.0, 5.0), &["4.6", "4.8", "5.0", "5.2", "5.4"]),
            (Axis::losses(0.0, 0.0), &["-1.0", "-0.5", "0", "0.5", "1.0"]),
            (
                Axis::losses(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)),
                &["1e-31", "1e-20", "1e-9", "1e2", "1e13", "1e24", "1e35"],
            ),
        ];
        for (axis, expected) in cases {
            assert_eq!(axis.labels().collect::<Vec<_>>(), expected, "{axis:?}");
        }
    }

    #[test]
    fn long_labels_are_fewer() {
        let labels = |low, high| Axis::values(low, high).labels().collect::<Vec<_>>();
        assert_eq!(labels(0.0, 7.0).len(), 8);
        assert_eq!(labels(99_999.87, 100_000.13), ["99999.9", "100000.0", "100000.1"]);
    }

    #[test]
    fn a_ten_times_larger_first_loss_does_not_hide_later_ones() {
        let axis = Axis::losses(80.0, 1000.0);
        assert!(axis.position(100.0) - axis.position(80.0) > 0.07, "{axis:?}");
        assert!(axis.position(80.0) > 0.0 && axis.position(1000.0) < 1.0, "{axis:?}");
    }
}
