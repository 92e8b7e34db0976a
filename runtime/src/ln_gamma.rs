//! The logarithm of the gamma function.

/// Coefficients of the Lanczos approximation with g = 7 (Godfrey 2001).
const COEFFICIENTS: [f64; 8] = [
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];
const FIRST: f64 = 0.999_999_999_999_809_9;
const G: f64 = 7.0;
/// Half of `ln(2 pi)`.
const HALF_LOG_2_PI: f64 = 0.918_938_533_204_672_8;

/// Returns `ln Gamma(x)` for a positive `x`, with a relative error of about 1e-14 (Lanczos 1964). Infinite at 0 and
/// infinity; NaN for negative numbers.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return f64::INFINITY;
    }
    if x < 0.5 {
        // Gamma(x + 1) = x Gamma(x).
        return ln_gamma(x + 1.0) - x.ln();
    }
    let x = x - 1.0;
    let terms = COEFFICIENTS.iter().enumerate().map(|(index, coefficient)| coefficient / (x + index as f64 + 1.0));
    let sum = FIRST + terms.sum::<f64>();
    let base = x + G + 0.5;
    HALF_LOG_2_PI + (x + 0.5) * base.ln() - base + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_of_whole_numbers_is_a_factorial() {
        let mut log_factorial = 0.0;
        for n in 1..200 {
            assert!((ln_gamma(f64::from(n)) - log_factorial).abs() < 1e-13 * f64::max(1.0, log_factorial), "{n}");
            log_factorial += f64::from(n).ln();
        }
    }

    #[test]
    fn values_between_whole_numbers_are_those_of_closed_forms() {
        // Gamma(1/2) = sqrt(pi), Gamma(5/2) = 3/4 sqrt(pi); the gamma function of 1/4 is from DLMF 5.4.
        let half_log_pi = 0.5 * std::f64::consts::PI.ln();
        assert!((ln_gamma(0.5) - half_log_pi).abs() < 1e-14);
        assert!((ln_gamma(2.5) - (half_log_pi + 0.75_f64.ln())).abs() < 1e-14);
        assert!((ln_gamma(0.25) - 3.625_609_908_221_908_f64.ln()).abs() < 1e-14);
        assert!((ln_gamma(1e-10) - 1e10_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn the_ends_of_the_range_are_infinite_and_values_outside_are_nan() {
        assert_eq!((ln_gamma(0.0), ln_gamma(f64::INFINITY)), (f64::INFINITY, f64::INFINITY));
        assert!(ln_gamma(-1.0).is_nan() && ln_gamma(f64::NAN).is_nan());
    }
}
