//! How far the levels of a category in recent rows are from those of a reference: PSI and the chi-squared test.

/// A level that occurs less often in the reference shares a bin with all others of this kind. The chi-squared
/// distribution is a good approximation from 5 on (Cochran 1954).
const RARE: usize = 5;

/// Counts the levels of recent rows against a reference, in memory that does not depend on their number.
#[derive(Debug, Clone)]
pub struct CategoryDriftCounts {
    /// The bin of each cell value: 0 for an unseen level, then the levels.
    bins: Vec<usize>,
    reference: Vec<u64>,
    recent: Vec<u64>,
}

/// How far the levels are from the reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CategoryDrift {
    /// Number of recent rows.
    pub rows: u64,
    /// Population stability index (Siddiqi 2006): the sum of `(recent - reference) ln(recent / reference)` over the
    /// fractions of the levels. Unseen levels are one bin, missing values another, and levels that occur in the
    /// reference less than 5 times share a third one. A bin that is empty in one of them counts as half a value there.
    pub population_stability_index: f64,
    /// Total variation distance of the same fractions: half of the sum of their absolute differences.
    pub total_variation: f64,
    /// Probability of differences at least as large if both come from one distribution, by the chi-squared test of
    /// homogeneity (Pearson 1900).
    pub p_value: f64,
}

impl CategoryDriftCounts {
    /// The bins of missing values, of unseen levels and of rare levels.
    const MISSING: usize = 0;
    const UNSEEN: usize = 1;
    const RARE: usize = 2;

    /// Prepares a comparison with `reference`: cells of a category with this number of levels, or quantiles of them at
    /// equal distances. `None` if it is empty.
    pub fn new(reference: &[f32], levels: usize) -> Option<Self> {
        let mut counts = vec![0; levels + 1];
        let positions = || reference.iter().filter_map(|&cell| position(cell));
        positions().for_each(|position| counts[position.min(levels)] += 1);
        let mut next = Self::RARE;
        let bin = |(position, &count): (usize, &usize)| match (position, count) {
            (0, _) => Self::UNSEEN,
            (_, count) if count < RARE => Self::RARE,
            (_, _) => {
                next += 1;
                next
            }
        };
        let bins: Vec<usize> = counts.iter().enumerate().map(bin).collect();
        let empty = vec![0; next + 1];
        let mut prepared = CategoryDriftCounts { bins, recent: empty.clone(), reference: empty };
        reference.iter().for_each(|&cell| {
            let bin = prepared.bin(cell);
            prepared.reference[bin] += 1;
        });
        (!reference.is_empty()).then_some(prepared)
    }

    /// Adds a recent cell.
    pub fn add(&mut self, cell: f32) {
        let bin = self.bin(cell);
        self.recent[bin] += 1;
    }

    fn bin(&self, cell: f32) -> usize {
        match position(cell) {
            None => Self::MISSING,
            Some(position) => self.bins.get(position).copied().unwrap_or(Self::UNSEEN),
        }
    }

    /// Returns the figures; `None` before the first cell.
    pub fn figures(&self) -> Option<CategoryDrift> {
        let (rows, all) = (self.recent.iter().sum::<u64>(), self.reference.iter().sum::<u64>());
        if rows == 0 {
            return None;
        }
        let (mut index, mut variation, mut chi_squared, mut bins) = (0.0, 0.0, 0.0, 0);
        let used = self.reference.iter().zip(&self.recent).filter(|&pair| pair != (&0, &0));
        for (&reference, &recent) in used {
            bins += 1;
            let fraction = |count: u64, all: u64| (count as f64).max(0.5) / all as f64;
            let (before, after) = (fraction(reference, all), fraction(recent, rows));
            index += (after - before) * (after / before).ln();
            variation += (recent as f64 / rows as f64 - reference as f64 / all as f64).abs() / 2.0;
            let both = (reference + recent) as f64 / (rows + all) as f64;
            for (count, of) in [(reference, all), (recent, rows)] {
                let expected = both * of as f64;
                chi_squared += (count as f64 - expected).powi(2) / expected;
            }
        }
        Some(CategoryDrift {
            rows,
            population_stability_index: index,
            total_variation: variation,
            p_value: chi_squared_tail(chi_squared, bins - 1),
        })
    }
}

/// Returns the position of a level, from 1, or 0 for an unseen one; `None` for a missing value.
fn position(cell: f32) -> Option<usize> {
    (!cell.is_nan()).then_some(cell as usize)
}

/// Returns the probability that a chi-squared variable with this number of degrees of freedom is at least `value`: the
/// upper incomplete gamma function at `(degrees / 2, value / 2)` divided by the gamma function, by its series or its
/// continued fraction (Abramowitz and Stegun 1964, 6.5.29 and 6.5.31).
fn chi_squared_tail(value: f64, degrees: usize) -> f64 {
    if degrees == 0 || value <= 0.0 {
        return 1.0;
    }
    let (shape, x) = (degrees as f64 / 2.0, value / 2.0);
    // ln of x^a e^-x / Γ(a + 1).
    let ln_gamma = match degrees % 2 {
        0 => (1..=degrees / 2).map(|factor| (factor as f64).ln()).sum::<f64>(),
        _ => (0..=degrees / 2).map(|step| (step as f64 + 0.5).ln()).sum::<f64>() + std::f64::consts::PI.ln() / 2.0,
    };
    let leading = shape * x.ln() - x - ln_gamma;
    if x < shape + 1.0 {
        let (mut term, mut sum, mut index) = (1.0, 1.0, shape);
        while term > f64::EPSILON * sum {
            index += 1.0;
            term *= x / index;
            sum += term;
        }
        return (1.0 - (leading.exp() * sum)).clamp(0.0, 1.0);
    }
    // The continued fraction 6.5.31, from its end.
    let fraction = (1..=FRACTION_TERMS).rev().fold(0.0, |rest, step| {
        let step = f64::from(step);
        step * (step - shape) / (x + 2.0 * step + 1.0 - shape - rest)
    });
    (leading.exp() * shape / (x + 1.0 - shape - fraction)).clamp(0.0, 1.0)
}

/// Number of terms of the continued fraction: at the smallest `x` that it is used for, the first one left out changes
/// the result by less than 1e-12.
const FRACTION_TERMS: u32 = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(reference: &[f32], recent: &[f32]) -> Option<CategoryDrift> {
        let mut counts = CategoryDriftCounts::new(reference, 4)?;
        recent.iter().for_each(|&cell| counts.add(cell));
        counts.figures()
    }

    fn cells(counts: &[(f32, usize)]) -> Vec<f32> {
        counts.iter().flat_map(|&(cell, count)| std::iter::repeat_n(cell, count)).collect()
    }

    #[test]
    fn equal_frequencies_have_no_drift_whatever_the_number_of_rows() {
        let reference = cells(&[(1.0, 30), (2.0, 20), (f32::NAN, 10)]);
        let found = drift(&reference, &cells(&[(2.0, 2), (1.0, 3), (f32::NAN, 1)])).expect("cells");
        assert!(found.population_stability_index.abs() < 1e-12 && found.total_variation < 1e-12, "{found:?}");
        assert!(found.p_value > 0.999, "{found:?}");
    }

    #[test]
    fn figures_are_those_computed_by_hand() {
        let found = drift(&cells(&[(1.0, 50), (2.0, 50)]), &cells(&[(1.0, 80), (2.0, 20)])).expect("cells");
        let expected = 0.3 * 1.6_f64.ln() - 0.3 * 0.4_f64.ln();
        assert!((found.population_stability_index - expected).abs() < 1e-12);
        assert!((found.total_variation - 0.3).abs() < 1e-12);
        // chi^2 = 2 (15^2 / 65 + 15^2 / 35) = 19.78, and erfc(sqrt(19.78 / 2)) = 8.687711677e-6.
        assert!((found.p_value - 8.687_711_677e-6).abs() < 1e-14, "{}", found.p_value);
    }

    #[test]
    fn unseen_and_missing_cells_are_bins_and_rare_levels_share_one() {
        let reference = cells(&[(1.0, 90), (2.0, 4), (3.0, 4), (4.0, 2)]);
        let swapped = drift(&reference, &cells(&[(1.0, 90), (2.0, 2), (3.0, 2), (4.0, 6)])).expect("cells");
        assert_eq!((swapped.population_stability_index, swapped.total_variation), (0.0, 0.0));
        for cell in [0.0, f32::NAN, 9.0] {
            let found = drift(&reference, &cells(&[(1.0, 50), (cell, 50)])).expect("cells");
            assert!(found.population_stability_index > 1.0 && found.p_value < 1e-6, "{cell}: {found:?}");
        }
        assert!(drift(&[], &[1.0]).is_none() && drift(&[1.0], &[]).is_none());
    }

    #[test]
    fn the_tail_of_the_chi_squared_distribution_is_that_of_tables() {
        for (value, degrees, tail) in [
            (3.841_458_8, 1, 0.05),
            (5.991_464_5, 2, 0.05),
            (18.307_038, 10, 0.05),
            (0.454_936_4, 1, 0.5),
            (9.341_818_0, 10, 0.5),
            (124.342_113, 100, 0.05),
            (99.334_129, 100, 0.5),
        ] {
            let found = chi_squared_tail(value, degrees);
            assert!((found - tail).abs() < 1e-6, "{value} of {degrees}: {found}");
        }
        assert_eq!(chi_squared_tail(0.0, 3), 1.0);
    }
}
