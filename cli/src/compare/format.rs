//! Formats figures of the table.

use super::{column::Column, spread::Spread};
use crate::digits::{DIGITS, with_digits};

/// Number of significant digits of times, which vary from run to run.
const TIME_DIGITS: i32 = 3;

/// Formats a figure of a column with its spread: `0.02489 ± 0.00012`; `-` if there is none.
pub(super) fn format_spread(column: Column, spread: Option<Spread>) -> String {
    let Some(Spread { mean, deviation }) = spread else { return "-".to_owned() };
    let format = |value: f64| match column {
        Column::Mse | Column::Nll => with_digits(DIGITS, value, mean),
        Column::Microseconds | Column::Seconds => with_digits(TIME_DIGITS, value, mean),
        Column::Probe => format!("{:.2}", 100.0 * value),
        Column::Parameters => format!("{value:.0}"),
        Column::Bytes => format!("{:.0}", value / 1000.0),
    };
    let text = format(mean);
    match deviation {
        // Counts do not depend on the seed, or hardly.
        Some(deviation) if !matches!(column, Column::Parameters | Column::Bytes) => {
            format!("{text} ± {}", format(deviation))
        }
        Some(_) | None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_four_significant_digits_and_deviations_as_many_decimals() {
        let format = |column, mean, deviation| format_spread(column, Some(Spread { mean, deviation }));
        assert_eq!(format(Column::Mse, 0.024_891_4, Some(0.000_123)), "0.02489 ± 0.00012");
        assert_eq!(format(Column::Nll, 24.123_9, None), "24.12");
        assert_eq!(format(Column::Nll, 1_234_567.0, None), "1.235e6");
        assert_eq!(format(Column::Nll, 123_456.7, None), "123457");
        assert_eq!(format(Column::Seconds, 0.769_7, None), "0.770");
        assert_eq!(format(Column::Probe, 0.912_3, Some(0.01)), "91.23 ± 1.00");
        assert_eq!(format(Column::Parameters, 12_345.0, Some(0.0)), "12345");
        assert_eq!(format(Column::Bytes, 53_400.0, None), "53");
        assert_eq!(format_spread(Column::Nll, None), "-");
    }
}
