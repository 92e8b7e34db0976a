//! How far the values of one column in generated rows are from those in real rows.

/// Distances between two sets of values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarginalDistance {
    /// The largest difference of the two cumulative distribution functions, between 0 and 1 (Kolmogorov-Smirnov
    /// statistic of two samples, Smirnov 1948).
    pub kolmogorov_smirnov: f64,
    /// The area between the two cumulative distribution functions, which is the Wasserstein-1 distance of values on a
    /// line (Vallender 1974), in the unit of the values.
    pub wasserstein: f64,
}

impl MarginalDistance {
    /// Compares the finite values of two sets; `None` if one of them has none. Constant values are allowed. Holds a
    /// sorted copy of both.
    pub fn of(real: impl Iterator<Item = f32>, generated: impl Iterator<Item = f32>) -> Option<Self> {
        let (real, generated) = (sorted(real), sorted(generated));
        if real.is_empty() || generated.is_empty() {
            return None;
        }
        let (mut largest, mut area) = (0.0_f64, 0.0_f64);
        let (mut below_real, mut below_generated) = (0, 0);
        let mut previous: Option<f64> = None;
        while let Some(value) = next(real.get(below_real), generated.get(below_generated)) {
            let fractions = (below_real as f64 / real.len() as f64, below_generated as f64 / generated.len() as f64);
            let difference = (fractions.0 - fractions.1).abs();
            largest = largest.max(difference);
            area += previous.map_or(0.0, |previous| difference * (value - previous));
            previous = Some(value);
            below_real += real[below_real..].iter().take_while(|&&other| other == value).count();
            below_generated += generated[below_generated..].iter().take_while(|&&other| other == value).count();
        }
        Some(MarginalDistance { kolmogorov_smirnov: largest, wasserstein: area })
    }
}

/// Returns the smaller of the next values.
fn next(one: Option<&f64>, other: Option<&f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(*other)),
        (value, None) | (None, value) => value.copied(),
    }
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f64> {
    let mut values: Vec<f64> = values.filter(|value| value.is_finite()).map(f64::from).collect();
    values.sort_by(f64::total_cmp);
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(real: &[f32], generated: &[f32]) -> Option<(f64, f64)> {
        let distance = MarginalDistance::of(real.iter().copied(), generated.iter().copied())?;
        Some((distance.kolmogorov_smirnov, distance.wasserstein))
    }

    #[test]
    fn distances_of_a_few_values() {
        assert_eq!(of(&[1.0, 2.0, 3.0], &[3.0, 1.0, 2.0]), Some((0.0, 0.0)));
        // A shift by 10 moves every value by 10.
        assert_eq!(of(&[1.0, 2.0], &[11.0, 12.0]), Some((1.0, 10.0)));
        // Half of the values move by 4.
        assert_eq!(of(&[0.0, 0.0, 4.0, 4.0], &[0.0, 4.0, 4.0, 4.0]), Some((0.25, 1.0)));
        // Zero has two signs.
        assert_eq!(of(&[0.0, -0.0], &[-0.0]), Some((0.0, 0.0)));
    }

    #[test]
    fn constant_values_are_compared_and_values_that_are_not_finite_are_left_out() {
        assert_eq!(of(&[5.0; 3], &[5.0; 7]), Some((0.0, 0.0)));
        assert_eq!(of(&[5.0; 3], &[2.0, f32::NAN]), Some((1.0, 3.0)));
        assert_eq!(of(&[f32::NAN], &[2.0]), None);
        assert_eq!(of(&[1.0], &[]), None);
    }
}
