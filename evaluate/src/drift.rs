//! How far recent values are from those of a reference: PSI and the Kolmogorov-Smirnov test, for values of a stream.

/// Number of bins of the population stability index.
const BINS: usize = 10;
/// Number of terms of the series of the Kolmogorov distribution: the first one that is left out is below 1e-17 for
/// every argument above 0.2, and below that the probability is 1.
const TERMS: i32 = 30;

/// Counts recent values against a reference, in memory that does not depend on their number.
#[derive(Debug, Clone)]
pub struct DriftCounts {
    /// Distinct values of the reference, ascending.
    values: Vec<f32>,
    /// Number of reference values up to each of them.
    up_to: Vec<usize>,
    /// Recent values below each distinct value and above the one before, and equal to it; then those above all.
    between: Vec<u64>,
    equal: Vec<u64>,
    /// Number of values that were NaN.
    nan: u64,
    /// A recent value counts as equal to a reference value `q` that differs by at most this times the larger of `|q|`
    /// and 1.
    tolerance: f32,
}

/// How far recent values are from the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drift {
    /// Number of recent values, without NaN.
    pub rows: u64,
    /// Number of recent values that were NaN; they are part of no figure.
    pub nan: u64,
    /// Population stability index over ten bins between the deciles of the reference (Siddiqi 2006): the sum of
    /// `(recent - reference) ln(recent / reference)` over the fractions of the bins. A bin that is
    /// empty in one of them counts as half a value there, and deciles that are equal make one bin.
    pub population_stability_index: f64,
    /// Largest difference of the two cumulative distribution functions (Smirnov 1948).
    pub kolmogorov_smirnov: f64,
    /// Probability of a difference at least as large if both come from one continuous distribution, by Kolmogorov's
    /// limit (1933). It is too large for values with many ties.
    pub p_value: f64,
}

impl DriftCounts {
    /// Prepares a comparison with `reference`: values in ascending order, or their quantiles at equal distances. `None`
    /// if it is empty or has a NaN.
    pub fn new(reference: &[f32]) -> Option<Self> {
        if reference.is_empty() || reference.iter().any(|value| value.is_nan()) {
            return None;
        }
        let (mut values, mut up_to) = (Vec::new(), Vec::new());
        let mut count = 0;
        for tied in reference.chunk_by(|one, other| one == other) {
            count += tied.len();
            values.extend(tied.first());
            up_to.push(count);
        }
        let (between, equal) = (vec![0; values.len() + 1], vec![0; values.len()]);
        Some(DriftCounts { values, up_to, between, equal, nan: 0, tolerance: 0.0 })
    }

    /// Counts a recent value as equal to the nearest reference value `q` if they differ by at most `tolerance` times
    /// the larger of `|q|` and 1, for values that were computed in different ways and differ by rounding.
    #[must_use]
    pub fn within(self, tolerance: f32) -> Self {
        DriftCounts { tolerance, ..self }
    }

    /// Adds a recent value.
    pub fn add(&mut self, value: f32) {
        if value.is_nan() {
            self.nan += 1;
            return;
        }
        let below = self.values.partition_point(|&other| other < value);
        let cell = match self.equal_to(value, below) {
            Some(equal) => self.equal.get_mut(equal),
            None => self.between.get_mut(below),
        };
        if let Some(cell) = cell {
            *cell += 1;
        }
    }

    /// Returns the index of the distinct value that counts as equal to `value`; `below` of them are below it.
    fn equal_to(&self, value: f32, below: usize) -> Option<usize> {
        let distance = |index: usize| {
            let other = *self.values.get(index)?;
            let distance = if other == value { 0.0 } else { (value - other).abs() };
            (distance <= self.tolerance * other.abs().max(1.0)).then_some((distance, index))
        };
        let above = distance(below);
        let under = below.checked_sub(1).and_then(distance);
        above.into_iter().chain(under).min_by(|(one, _), (other, _)| one.total_cmp(other)).map(|(_, index)| index)
    }

    /// Returns the figures; `None` before the first value. `reference_rows` is the number of rows that the reference
    /// describes, for the p-value.
    pub fn figures(&self, reference_rows: usize) -> Option<Drift> {
        let rows: u64 = self.between.iter().chain(&self.equal).sum();
        if rows == 0 {
            return None;
        }
        let of_reference = self.up_to.last().copied().unwrap_or(1) as f64;
        let mut largest = 0.0_f64;
        let (mut before, mut reference_before) = (0, 0.0);
        let mut recent_up_to = Vec::with_capacity(self.values.len());
        for ((&between, &equal), &up_to) in self.between.iter().zip(&self.equal).zip(&self.up_to) {
            let reference = up_to as f64 / of_reference;
            let recent_below = (before + between) as f64 / rows as f64;
            before += between + equal;
            let recent = before as f64 / rows as f64;
            largest = largest.max((recent_below - reference_before).abs()).max((recent - reference).abs());
            reference_before = reference;
            recent_up_to.push(before);
        }
        let both = (rows as f64 * reference_rows as f64 / (rows as f64 + reference_rows as f64)).sqrt();
        Some(Drift {
            rows,
            nan: self.nan,
            population_stability_index: self.stability(&recent_up_to, rows),
            kolmogorov_smirnov: largest,
            p_value: kolmogorov_tail(both * largest),
        })
    }

    fn stability(&self, recent_up_to: &[u64], rows: u64) -> f64 {
        let all = self.up_to.last().copied().unwrap_or_default();
        // The position of the distinct value that is each decile, without the maximum.
        let mut edges: Vec<usize> = (1..BINS)
            .map(|bin| {
                let rank = (bin * all).div_ceil(BINS);
                self.up_to.partition_point(|&up_to| up_to < rank)
            })
            .collect();
        edges.dedup();
        let mut before = (0.0, 0.0);
        let mut index = 0.0;
        let ends = edges.iter().map(|&edge| {
            let reference = self.up_to.get(edge).map_or(0.0, |&count| count as f64);
            (reference, recent_up_to.get(edge).map_or(0.0, |&count| count as f64))
        });
        for end in ends.chain([(all as f64, rows as f64)]) {
            let counts = (end.0 - before.0, end.1 - before.1);
            before = end;
            if counts != (0.0, 0.0) {
                let (reference, recent) = (counts.0.max(0.5) / all as f64, counts.1.max(0.5) / rows as f64);
                index += (recent - reference) * (recent / reference).ln();
            }
        }
        index
    }
}

/// Returns the probability that a variable with Kolmogorov's distribution is at least `value`.
fn kolmogorov_tail(value: f64) -> f64 {
    if value < 0.2 {
        return 1.0;
    }
    let term = |index: i32| {
        let sign = if index % 2 == 1 { 1.0 } else { -1.0 };
        sign * (-2.0 * f64::from(index * index) * value * value).exp()
    };
    (2.0 * (1..=TERMS).map(term).sum::<f64>()).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(reference: &[f32], recent: &[f32]) -> Option<Drift> {
        let mut counts = DriftCounts::new(reference)?;
        recent.iter().for_each(|&value| counts.add(value));
        counts.figures(reference.len())
    }

    fn assert_close(actual: f64, expected: f64) {
        assert!((actual - expected).abs() < 1e-9, "got {actual}, expected {expected}");
    }

    #[test]
    fn equal_distributions_have_no_drift() {
        let values: Vec<f32> = (0..200u16).map(|value| f32::from(value / 2)).collect();
        let drift = drift(&values, &values).expect("values");
        assert_eq!((drift.kolmogorov_smirnov, drift.population_stability_index, drift.p_value), (0.0, 0.0, 1.0));
    }

    #[test]
    fn figures_are_those_computed_by_hand() {
        let reference: Vec<f32> = (1..=10u8).map(f32::from).collect();
        // All recent values are in the last of ten bins; nine empty bins count as half a value of ten.
        let shifted = drift(&reference, &[9.5; 10]).expect("values");
        let expected = 9.0 * (0.05 - 0.1) * (0.05_f64 / 0.1).ln() + 0.9 * 10.0_f64.ln();
        assert_close(shifted.population_stability_index, expected);
        assert_close(shifted.kolmogorov_smirnov, 0.9);
        // sqrt(10 * 10 / 20) * 0.9 = 2.0125; 2 (exp(-2 * 2.0125^2) - ...).
        assert_close(shifted.p_value, 2.0 * ((-8.1_f64).exp() - (-32.4_f64).exp()));
    }

    #[test]
    fn the_statistic_is_the_exact_one_of_two_samples_with_ties() {
        let reference = [0.0, 0.0, 1.0, 2.0, 2.0, 5.0];
        for recent in [&[0.0, 1.0, 1.0][..], &[-1.0, 6.0], &[2.0], &[0.5, 0.5, 3.0], &[5.0, 5.0, -0.0]] {
            let exact = crate::MarginalDistance::of(reference.iter().copied(), recent.iter().copied());
            let found = drift(&reference, recent).expect("values").kolmogorov_smirnov;
            assert_close(found, exact.expect("values").kolmogorov_smirnov);
        }
    }

    #[test]
    fn values_that_differ_by_rounding_count_as_equal_to_the_nearest() {
        let reference: Vec<f32> = (0..200u8).map(|row| if row < 50 { 0.5 } else { 300.0 }).collect();
        let rounded = |value: &f32| if *value == 0.5 { 0.500_05 } else { 299.98 };
        let recent: Vec<f32> = reference.iter().map(rounded).collect();
        let figures = |tolerance| {
            let mut counts = DriftCounts::new(&reference)?.within(tolerance);
            recent.iter().for_each(|&value| counts.add(value));
            counts.figures(reference.len())
        };
        let equal = figures(1e-4).expect("values");
        assert_eq!((equal.population_stability_index, equal.kolmogorov_smirnov), (0.0, 0.0));
        assert!(figures(1e-5).expect("values").kolmogorov_smirnov > 0.2);
        let mut near = DriftCounts::new(&[1.0, 1.0001]).expect("values").within(1e-3);
        [1.00002, 1.00009, 0.9999, 2.0].iter().for_each(|&value| near.add(value));
        assert_eq!((near.equal, near.between), (vec![2, 1], vec![0, 0, 1]));
    }

    #[test]
    fn constant_values_have_one_bin_and_a_change_of_them_is_seen_by_the_statistic() {
        let same = drift(&[3.0; 20], &[3.0; 7]).expect("values");
        assert_eq!((same.population_stability_index, same.kolmogorov_smirnov), (0.0, 0.0));
        let other = drift(&[3.0; 20], &[4.0; 7]).expect("values");
        assert!(other.kolmogorov_smirnov == 1.0 && other.population_stability_index > 1.0, "{other:?}");
    }

    #[test]
    fn nan_is_counted_apart_and_no_value_gives_no_figures() {
        assert_eq!(drift(&[1.0], &[f32::NAN]), None);
        assert_eq!(
            drift(&[1.0, 2.0], &[1.0, f32::NAN, f32::INFINITY]).map(|drift| (drift.rows, drift.nan)),
            Some((2, 1))
        );
        assert!(DriftCounts::new(&[]).is_none());
    }

    #[test]
    fn the_tail_of_kolmogorovs_distribution_is_that_of_tables() {
        for (value, tail) in [(1.3581, 0.05), (1.6276, 0.01), (1.2238, 0.1)] {
            assert!((kolmogorov_tail(value) - tail).abs() < 1e-4, "{value}: {}", kolmogorov_tail(value));
        }
        assert_eq!(kolmogorov_tail(0.0), 1.0);
        assert!((kolmogorov_tail(0.2) - 1.0).abs() < 1e-6);
    }
}
