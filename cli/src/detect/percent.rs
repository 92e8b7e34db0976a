//! Fractions in percent.

/// Formats a fraction in percent without trailing zeros.
pub(crate) fn percent(fraction: f64) -> String {
    let text = format!("{:.4}", 100.0 * fraction);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn percents_have_no_trailing_zeros() {
        assert_eq!([0.01, 0.125, 1e-6, 1.0 / 3.0].map(super::percent), ["1", "12.5", "0.0001", "33.3333"]);
    }
}
