//! Mean and variance of a stream of numbers.

/// Running mean and variance, updated without cancellation (Welford 1962).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    count: usize,
    mean: f64,
    /// Sum of squared deviations from the mean.
    squares: f64,
}

impl Moments {
    /// Adds a number.
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let deviation = value - self.mean;
        self.mean += deviation / self.count as f64;
        self.squares += deviation * (value - self.mean);
    }

    /// Returns how many numbers were added.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Returns the mean; NaN without numbers.
    pub fn mean(&self) -> f64 {
        if self.count == 0 { f64::NAN } else { self.mean }
    }

    /// Returns the sum of squared deviations from the mean.
    pub fn squares(&self) -> f64 {
        self.squares
    }

    /// Returns the variance, with the count as the divisor; NaN without numbers.
    pub fn variance(&self) -> f64 {
        self.squares / self.count as f64
    }

    /// Returns the standard error of the mean: the sample standard deviation divided by the square root of the count;
    /// NaN for fewer than two numbers.
    pub fn standard_error(&self) -> f64 {
        let count = self.count as f64;
        if self.count < 2 { f64::NAN } else { (self.squares / (count - 1.0) / count).sqrt() }
    }

    /// Returns the mean with its standard error.
    pub fn estimate(&self) -> Estimate {
        Estimate { mean: self.mean(), standard_error: self.standard_error() }
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Moments::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }
}

/// A mean over rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Mean over the rows.
    pub mean: f64,
    /// Standard error of the mean over the rows; NaN for a single row.
    pub standard_error: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_accurate_far_from_zero() {
        let moments: Moments = [1.0, 2.0, 4.0, 9.0].map(|value| value + 1e9).into_iter().collect();
        // The sum of squares of these numbers has a rounding error of several hundred.
        assert_eq!(moments.mean(), 1e9 + 4.0);
        assert!((moments.variance() - 9.5).abs() < 1e-6);
        assert!((moments.standard_error() - (38.0f64 / 3.0 / 4.0).sqrt()).abs() < 1e-6);
        assert!(Moments::default().mean().is_nan() && [1.0].into_iter().collect::<Moments>().standard_error().is_nan());
    }
}
