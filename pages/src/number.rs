//! Numbers as text.

/// Formats a number with about four significant digits, without trailing zeros: `0.01427`, `12.3`, `1.2e-7`.
pub(crate) fn short(value: f64) -> String {
    significant(value, DIGITS)
}

/// The number of significant digits of a value alone, and the most that a 32-bit float needs.
const DIGITS: i32 = 4;
const MAX_DIGITS: i32 = 9;

/// Formats values that are compared: like [`short`], with more digits if they differ late.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Comparable {
    /// The power of ten of the last digit that is needed; `None` if the values are equal.
    last: Option<i32>,
}

impl Comparable {
    /// Finds how many digits the finite ones of some values need: a tenth of the range of their middle half, or of
    /// all, can be seen.
    pub(crate) fn of(values: impl Iterator<Item = f32>) -> Self {
        let mut sorted: Vec<f64> = values.map(f64::from).filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let range = |from: usize, to: usize| match (sorted.get(from), sorted.get(to)) {
            (Some(low), Some(high)) if low < high => Some(high - low),
            _ => None,
        };
        let last = sorted.len().saturating_sub(1);
        let range = range(last / 4, last - last / 4).or_else(|| range(0, last));
        Comparable { last: range.map(|range| range.log10().floor() as i32 - 1) }
    }

    /// Formats one of the values.
    pub(crate) fn format(self, value: f32) -> String {
        let value = f64::from(value);
        match self.last {
            Some(last) if value.is_finite() && value != 0.0 => {
                let first = value.abs().log10().floor() as i32;
                significant(value, (first - last + 1).clamp(DIGITS, MAX_DIGITS))
            }
            Some(_) | None => short(value),
        }
    }
}

fn significant(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..=6).contains(&exponent) {
        let decimals = if digits == DIGITS { 1 } else { (digits - 1).max(0) as usize };
        return format!("{value:.decimals$e}");
    }
    let decimals = (digits - 1 - exponent).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Formats a fraction as a percentage: `93.4 %`.
pub(crate) fn percent(fraction: f64) -> String {
    format!("{:.1} %", 100.0 * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_significant_digits_and_no_trailing_zeros() {
        let cases = [
            (0.0142703, "0.01427"),
            (12.3, "12.3"),
            (100.0, "100"),
            (1437.0, "1437"),
            (-0.5, "-0.5"),
            (0.0, "0"),
            (1.23e-7, "1.2e-7"),
            (4.2e9, "4.2e9"),
            (f64::NAN, "NaN"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected);
        }
        assert_eq!(percent(0.9342), "93.4 %");
    }

    #[test]
    fn values_that_differ_late_have_more_digits() {
        let format = |values: [f32; 3]| values.map(|value| Comparable::of(values.into_iter()).format(value));
        assert_eq!(format([99999.98, 100000.0, 100000.08]), ["99999.98", "100000", "100000.08"]);
        assert_eq!(format([0.25, 12.3, 100.0]), ["0.25", "12.3", "100"]);
        assert_eq!(format([7.0; 3]), ["7"; 3]);
        assert_eq!(format([4.2e9, 4.2001e9, f32::NAN]), ["4.20000e9", "4.20010e9", "NaN"]);
    }
}
