//! Bins of a histogram: equal intervals over the range that is shown.

use super::style::number;

/// The fewest and the most bins.
const COUNTS: (f64, f64) = (8.0, 60.0);
/// The fraction of the values below and above the central values.
const TAIL: f64 = 0.005;

/// Equal intervals from `low` to `high`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bins {
    pub(super) low: f64,
    pub(super) high: f64,
    count: usize,
}

impl Bins {
    /// Returns bins for finite values in ascending order, at least one, and for more values that must be in the range.
    ///
    /// The range has all values, unless some are farther from the central 99 % than these are wide. The number of bins
    /// is that of Freedman and Diaconis 1981, between 8 and 60.
    pub(super) fn of(sorted: &[f64], shown: impl Iterator<Item = f64>) -> Self {
        let (first, last) = (quantile(sorted, 0.0), quantile(sorted, 1.0));
        let (from, to) = (quantile(sorted, TAIL), quantile(sorted, 1.0 - TAIL));
        let (low, high) =
            if from < to { (first.max(2.0 * from - to), last.min(2.0 * to - from)) } else { (first, last) };
        let (low, high) = shown.fold((low, high), |(low, high), value| (low.min(value), high.max(value)));
        let margin = if low == 0.0 { 0.5 } else { 0.1 * low.abs() };
        let (low, high) = if low < high { (low, high) } else { (low - margin, high + margin) };
        let spread = quantile(sorted, 0.75) - quantile(sorted, 0.25);
        let wanted = (high - low) * (sorted.len() as f64).cbrt() / (2.0 * spread);
        // Without any spread, a division by zero: NaN or infinity.
        let count = if wanted.is_nan() { COUNTS.1 } else { wanted.ceil().clamp(COUNTS.0, COUNTS.1) };
        Bins { low, high, count: count as usize }
    }

    /// Returns how many of the values are in each bin. Values outside are in the first or the last bin.
    pub(super) fn counts(&self, values: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.count];
        for value in values {
            let position = (value - self.low) / (self.high - self.low) * self.count as f64;
            // The cast converts what is below 0 to 0.
            counts[(position as usize).min(self.count - 1)] += 1;
        }
        counts
    }

    /// Returns the start of a bin, or the end of the bin before it.
    pub(super) fn edge(&self, index: usize) -> f64 {
        self.low + (self.high - self.low) * index as f64 / self.count as f64
    }

    /// Says what the bars do not show of `count` values, of which these are finite.
    pub(super) fn notes(&self, sorted: &[f64], count: usize) -> Vec<String> {
        let below = sorted.iter().filter(|value| **value < self.low).count();
        let above = sorted.iter().filter(|value| **value > self.high).count();
        let missing = count - sorted.len();
        let parts = [
            (below, format!("{below} below {} in the first bar", number(self.low))),
            (above, format!("{above} above {} in the last bar", number(self.high))),
            (missing, format!("{missing} not finite, not shown")),
        ];
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, part)| part).collect()
    }
}

/// Returns the values that are finite as `f32` in ascending order. Larger ones are not real, and their differences may
/// be infinite.
pub(super) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|&value| (value as f32).is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Returns the value below which this fraction of the values is, rounded to one of them.
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((fraction * last).round() as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_bin_and_far_ones_are_in_the_last() {
        let mut values: Vec<f64> = (0..1000).map(|index| f64::from(index) / 100.0).collect();
        values.extend([1e6, 2e6]);
        let bins = Bins::of(&values, [].into_iter());
        assert!(bins.low == 0.0 && bins.high < 25.0, "{bins:?}");
        let counts = bins.counts(&values);
        assert_eq!((counts.iter().sum::<usize>(), counts.last()), (1002, Some(&2)));
    }

    #[test]
    fn equal_values_and_few_values_have_bins_around_them() {
        for values in [vec![0.0], vec![-7.0; 9], vec![1.0, 2.0], vec![1e38, 3e38]] {
            let bins = Bins::of(&values, [3.0].into_iter());
            let counts = bins.counts(&values);
            assert_eq!(counts.iter().sum::<usize>(), values.len(), "{bins:?}");
            assert!(bins.low < bins.high && bins.low <= 3.0 && bins.high >= 3.0, "{bins:?}");
        }
    }
}
