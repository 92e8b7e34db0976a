//! The logarithm of the gamma function and its derivative, for positive arguments.

use std::f64::consts::PI;

/// The argument from which the asymptotic series have a relative error below 1e-12.
const ASYMPTOTIC: f64 = 10.0;

/// `ln Gamma(x)` for `x > 0`, within 1e-12 relative to the larger of 1 and the result.
///
/// Stirling's series (Abramowitz and Stegun 1964, 6.1.41) at `x + n >= 10`, and `Gamma(x + 1) = x Gamma(x)`.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < ASYMPTOTIC {
        product *= x;
        x += 1.0;
    }
    let square = (x * x).recip();
    let series = ((square / 1680.0 - 1.0 / 1260.0) * square + 1.0 / 360.0) * square - 1.0 / 12.0;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() - series / x - f64::ln(product)
}

/// The digamma function, the derivative of [`ln_gamma`] (Abramowitz and Stegun 1964, 6.3.18 and 6.3.5).
pub(crate) fn digamma(x: f64) -> f64 {
    let (mut x, mut sum) = (x, 0.0);
    while x < ASYMPTOTIC {
        sum += x.recip();
        x += 1.0;
    }
    let square = (x * x).recip();
    let series = ((square / 240.0 - 1.0 / 252.0) * square + 1.0 / 120.0) * square - 1.0 / 12.0;
    x.ln() - 0.5 / x + series * square - sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gamma_function_of_whole_numbers_is_a_factorial_and_of_a_half_the_root_of_pi() {
        let mut factorial = 1.0f64;
        for n in 1..100 {
            assert!((ln_gamma(f64::from(n)) - factorial.ln()).abs() < 1e-11 * factorial.ln().max(1.0), "{n}");
            factorial *= f64::from(n);
        }
        assert!((ln_gamma(0.5) - 0.5 * PI.ln()).abs() < 1e-12);
        assert!((ln_gamma(1e-3) - 6.907_178_885_383_854).abs() < 1e-11);
        assert!((ln_gamma(1e7) / 151_180_949.369_473_9 - 1.0).abs() < 1e-12);
    }

    #[test]
    fn digamma_is_the_derivative_of_the_logarithm_of_gamma() {
        // -0.5772... is the Euler-Mascheroni constant.
        assert!((digamma(1.0) + 0.577_215_664_901_532_9).abs() < 1e-11);
        for x in [0.01, 0.3, 1.7, 9.5, 12.0, 400.0] {
            let step = 1e-5 * x;
            let difference = (ln_gamma(x + step) - ln_gamma(x - step)) / (2.0 * step);
            assert!((digamma(x) / difference - 1.0).abs() < 1e-5, "{x}: {} against {difference}", digamma(x));
        }
    }
}
