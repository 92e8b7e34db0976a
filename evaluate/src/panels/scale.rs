//! The vertical axis that all panels share.

use std::ops::Range;

/// Number of intervals between ticks, at most.
const INTERVALS: f64 = 5.0;

/// A linear axis with round ticks.
pub(crate) struct Scale {
    low: f64,
    high: f64,
    step: f64,
}

impl Scale {
    /// Creates the axis of all finite values, with some space above and below.
    pub(crate) fn of(values: impl Iterator<Item = f32>) -> Self {
        let finite = values.filter(|value| value.is_finite()).map(f64::from);
        let (low, high) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        // A constant line is in the middle.
        let span = if high > low { high - low } else { 2.0 * low.abs().max(1.0) };
        let middle = (low + high) / 2.0;
        let (low, high) = (middle - 0.55 * span, middle + 0.55 * span);
        Scale { low, high, step: round_up((high - low) / INTERVALS) }
    }

    /// Returns the values of the ticks, in ascending order.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f32> + use<> {
        let (first, last, step) = ((self.low / self.step).ceil(), (self.high / self.step).floor(), self.step);
        (0..=(last - first).max(0.0) as usize).map(move |index| ((first + index as f64) * step) as f32)
    }

    /// Returns the text of a tick: as many decimals as the distance of ticks needs.
    pub(super) fn label(&self, tick: f32) -> String {
        if self.step >= 1e5 || self.step < 1e-4 {
            return format!("{tick:.1e}");
        }
        let decimals = (-self.step.log10().floor()).max(0.0) as usize;
        // Without a negative zero.
        format!("{:.decimals$}", tick + 0.0)
    }

    /// Returns the vertical position of a value in a plot with these lines of pixels.
    pub(super) fn pixel(&self, value: f32, y: &Range<usize>) -> f32 {
        let fraction = (f64::from(value) - self.low) / (self.high - self.low);
        (y.end as f64 - 1.0 - fraction * (y.len() - 1) as f64) as f32
    }
}

/// Returns the smallest of 1, 2 and 5 times a power of ten that is at least `step`.
fn round_up(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|&round| round >= step).unwrap_or(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_values_with_a_margin() {
        let cases: [(&[f32], &[&str]); 5] = [
            (&[-1.0, 1.0], &["-1.0", "-0.5", "0.0", "0.5", "1.0"]),
            (&[0.0, 0.05, f32::NAN], &["0.00", "0.02", "0.04"]),
            (&[3.0], &["0", "2", "4", "6"]),
            (&[], &["0.0", "0.5", "1.0"]),
            (&[-2e6, 0.0], &["-2.0e6", "-1.5e6", "-1.0e6", "-5.0e5", "0.0e0"]),
        ];
        for (values, expected) in cases {
            let scale = Scale::of(values.iter().copied());
            let labels: Vec<String> = scale.ticks().map(|tick| scale.label(tick)).collect();
            assert_eq!(labels, expected, "{values:?}");
        }
    }

    #[test]
    fn larger_values_are_higher_and_all_are_inside() {
        let scale = Scale::of([-3.0, 5.0].into_iter());
        let y = 10..110;
        assert!(scale.pixel(5.0, &y) > 10.0 && scale.pixel(5.0, &y) < scale.pixel(-3.0, &y));
        assert!(scale.pixel(-3.0, &y) < 109.0);
    }
}
