//! Mean and standard deviation of a figure over the seeds.

/// Mean and standard deviation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) mean: f64,
    /// Sample standard deviation, with `n - 1` in the denominator; `None` for a single value.
    pub(super) deviation: Option<f64>,
}

impl Spread {
    /// Returns the spread of at least one value.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        match values.len() {
            0 => None,
            1 => Some(Spread { mean, deviation: None }),
            _ => Some(Spread { mean, deviation: Some((squares / (count - 1.0)).sqrt()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deviation_is_that_of_a_sample_and_needs_two_values() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[3.0]), Some(Spread { mean: 3.0, deviation: None }));
        assert_eq!(Spread::of(&[1.0, 2.0, 3.0]), Some(Spread { mean: 2.0, deviation: Some(1.0) }));
    }
}
