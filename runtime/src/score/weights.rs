//! The log of the mean of weights that are given by their logarithms (log-sum-exp), and its standard error.

/// Running sums over a sequence of weights. Weights can differ by many orders of magnitude: sums are relative to the
/// largest weight so far, so none overflows, and one that underflows is too small to change the sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogWeights {
    count: usize,
    largest: f64,
    /// `sum exp(w - largest)`.
    sum: f64,
    /// `sum exp(2 (w - largest))`.
    squares: f64,
}

impl Default for LogWeights {
    fn default() -> Self {
        LogWeights { count: 0, largest: f64::NEG_INFINITY, sum: 0.0, squares: 0.0 }
    }
}

impl LogWeights {
    /// Adds a weight by its logarithm; minus infinity is the weight 0.
    pub(super) fn add(&mut self, log_weight: f64) {
        self.count += 1;
        if log_weight > self.largest {
            let rescale = (self.largest - log_weight).exp();
            self.sum = self.sum * rescale + 1.0;
            self.squares = self.squares * rescale * rescale + 1.0;
            self.largest = log_weight;
        } else if log_weight != f64::NEG_INFINITY {
            let relative = (log_weight - self.largest).exp();
            self.sum += relative;
            self.squares += relative * relative;
        }
    }

    /// Returns `ln 1/K sum exp(w)`.
    pub(super) fn log_mean(&self) -> f64 {
        self.largest + (self.sum / self.count as f64).ln()
    }

    /// Returns the standard error of [`LogWeights::log_mean`] by the delta method: the standard error of the mean
    /// divided by the mean, with the sample variance. It needs at least two weights.
    pub(super) fn standard_error(&self) -> f64 {
        let count = self.count as f64;
        let relative_variance = (count * self.squares / (self.sum * self.sum) - 1.0) / (count - 1.0);
        // Rounding can make the variance of equal weights slightly negative; NaN is kept.
        if relative_variance < 0.0 { 0.0 } else { relative_variance.sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(log_weights: &[f64]) -> LogWeights {
        let mut weights = LogWeights::default();
        log_weights.iter().for_each(|&weight| weights.add(weight));
        weights
    }

    #[test]
    fn mean_and_standard_error_do_not_depend_on_the_order_of_the_weights() {
        let weights = [1.0, 4.0, 2.0, 5.0];
        // Mean 3, sample variance 10/3, of the mean 10/12, relative to the mean sqrt(10/12)/3.
        for shift in [0.0, 1e4, -1e4] {
            let mut log_weights = weights.map(|weight: f64| weight.ln() + shift);
            for _ in 0..4 {
                log_weights.rotate_left(1);
                let estimate = of(&log_weights);
                // The rounding error of a logarithm of 10,000 is about 2e-12.
                assert!((estimate.log_mean() - shift - 3f64.ln()).abs() < 1e-11, "{}", estimate.log_mean());
                assert!((estimate.standard_error() - (10f64 / 12.0).sqrt() / 3.0).abs() < 1e-11);
            }
        }
    }

    #[test]
    fn equal_weights_have_no_standard_error_and_zero_weights_are_counted() {
        let estimate = of(&[-7000.1; 9]);
        assert_eq!((estimate.log_mean(), estimate.standard_error()), (-7000.1, 0.0));
        let estimate = of(&[f64::NEG_INFINITY, -3.0, f64::NEG_INFINITY, -1e300]);
        assert!((estimate.log_mean() - (-3.0 - 4f64.ln())).abs() < 1e-12);
        assert!((estimate.standard_error() - 1.0).abs() < 1e-12);
        assert_eq!(of(&[f64::NEG_INFINITY; 2]).log_mean(), f64::NEG_INFINITY);
        assert!(of(&[0.0, f64::NAN]).log_mean().is_nan());
    }
}
