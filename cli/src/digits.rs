//! Figures as text, with a number of significant digits.

/// Number of significant digits of errors and likelihoods.
pub(crate) const DIGITS: i32 = 4;

/// Formats a figure with four significant digits: `0.02489`, `24.12`, `1.235e6`.
pub(crate) fn significant(value: f64) -> String {
    with_digits(DIGITS, value, value)
}

/// Formats a figure with as many decimals as a figure of `size` needs for `digits` significant digits.
pub(crate) fn with_digits(digits: i32, value: f64, size: f64) -> String {
    let magnitude = if size == 0.0 { 0 } else { size.abs().log10().floor() as i32 };
    if !(-4..6).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let decimals = usize::try_from(digits - 1 - magnitude).unwrap_or(0);
    format!("{value:.decimals$}")
}
