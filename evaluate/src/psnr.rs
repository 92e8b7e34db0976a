//! Peak signal-to-noise ratio.

/// Returns the peak signal-to-noise ratio in dB, `10 log10(range^2 / mean squared error)`, as in scikit-image's
/// `peak_signal_noise_ratio`. It is infinite for an error of 0.
///
/// `range` is the largest minus the smallest possible value, in the unit of the errors.
pub fn psnr(mean_squared_error: f64, range: f64) -> f64 {
    10.0 * (range * range / mean_squared_error).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_times_less_error_is_ten_decibels_more() {
        assert!((psnr(65.025, 255.0) - 30.0).abs() < 1e-12);
        assert!((psnr(6.5025, 255.0) - 40.0).abs() < 1e-12);
        assert_eq!(psnr(0.0, 1.0), f64::INFINITY);
    }
}
