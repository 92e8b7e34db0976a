//! Marginals of categories and associations between the cells of mixed tables, of real and of generated rows.

use std::collections::BTreeMap;

use narrows_runtime::bundle::table::{Cell, CellKind};
use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::moments::Moments;

/// Returns the total variation distance between the frequencies of the levels in two sets of cells of a category: half
/// of the sum of the absolute differences, between 0 and 1. Missing cells are left out, and unseen levels, which are 0,
/// count as one level. `None` if one of the sets has no cell.
pub fn total_variation(real: impl Iterator<Item = f32>, generated: impl Iterator<Item = f32>) -> Option<f64> {
    let (real, generated) = (frequencies(real)?, frequencies(generated)?);
    let of = |frequencies: &BTreeMap<u32, f64>, level: &u32| frequencies.get(level).copied().unwrap_or(0.0);
    let own: f64 = real.iter().map(|(level, frequency)| (frequency - of(&generated, level)).abs()).sum();
    let others: f64 =
        generated.iter().filter(|(level, _)| !real.contains_key(level)).map(|(_, frequency)| frequency).sum();
    Some((own + others) / 2.0)
}

fn frequencies(cells: impl Iterator<Item = f32>) -> Option<BTreeMap<u32, f64>> {
    let mut counts = BTreeMap::new();
    let mut total = 0.0;
    for cell in cells.filter(|cell| !cell.is_nan()) {
        *counts.entry(cell as u32).or_insert(0.0) += 1.0;
        total += 1.0;
    }
    counts.values_mut().for_each(|count| *count /= total);
    (total > 0.0).then_some(counts)
}

/// The associations of all pairs of cells of a mixed table, in real and in generated rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Associations {
    /// Associations of the real rows, `[cells, cells]`; NaN where a cell does not vary.
    pub real: Array2<f64>,
    /// Associations of the generated rows, `[cells, cells]`; NaN where a cell does not vary.
    pub generated: Array2<f64>,
}

impl Associations {
    /// Computes the associations of two sets of rows of a mixed table, `[rows, cells]` each. Each pair is computed over
    /// the rows in which both cells are there:
    ///
    /// - two numbers have the Pearson correlation, between -1 and 1 (Pearson 1895);
    /// - two categories have Cramér's V, between 0 and 1: `sqrt(chi^2 / n / (min(rows, columns) - 1))` of their
    ///   contingency table (Cramér 1946, section 21.9);
    /// - a category and a number have the correlation ratio, between 0 and 1: the square root of the share of the
    ///   variance of the number that lies between the levels (Fisher 1925, section 45).
    ///
    /// `None` if the sets do not have one column for each cell.
    pub fn of(cells: &[Cell], real: ArrayView2<'_, f32>, generated: ArrayView2<'_, f32>) -> Option<Self> {
        let fits = |rows: &ArrayView2<'_, f32>| rows.ncols() == cells.len();
        (fits(&real) && fits(&generated))
            .then(|| Associations { real: matrix(cells, real), generated: matrix(cells, generated) })
    }

    /// Returns the mean absolute difference over all pairs of different cells that vary in both sets. `None` without
    /// such a pair.
    pub fn mean_absolute_difference(&self) -> Option<f64> {
        let pairs = self.real.indexed_iter().zip(&self.generated).filter(|(((row, column), _), _)| row < column);
        let differences: Moments = pairs
            .map(|((_, real), generated)| (real - generated).abs())
            .filter(|difference| !difference.is_nan())
            .collect();
        (differences.count() > 0).then(|| differences.mean())
    }
}

fn matrix(cells: &[Cell], rows: ArrayView2<'_, f32>) -> Array2<f64> {
    let mut matrix = Array2::from_elem((cells.len(), cells.len()), 1.0);
    for (row, one) in cells.iter().enumerate() {
        for (column, other) in cells.iter().enumerate().skip(row + 1) {
            let (values, others) = (rows.column(row), rows.column(column));
            let association = match (is_category(one), is_category(other)) {
                (false, false) => pearson(values, others),
                (true, true) => cramers_v(values, others),
                (true, false) => correlation_ratio(values, others),
                (false, true) => correlation_ratio(others, values),
            };
            (matrix[[row, column]], matrix[[column, row]]) = (association, association);
        }
    }
    matrix
}

fn is_category(cell: &Cell) -> bool {
    match cell.kind {
        CellKind::Category { .. } => true,
        CellKind::Number | CellKind::HeavyTailed | CellKind::Count => false,
    }
}

/// Returns the pairs of values of the rows in which both are there.
fn pairs<'a>(one: ArrayView1<'a, f32>, other: ArrayView1<'a, f32>) -> impl Iterator<Item = (f64, f64)> + Clone + 'a {
    let pairs = one.into_iter().zip(other).map(|(&one, &other)| (f64::from(one), f64::from(other)));
    pairs.filter(|(one, other)| !one.is_nan() && !other.is_nan())
}

fn pearson(one: ArrayView1<'_, f32>, other: ArrayView1<'_, f32>) -> f64 {
    let pairs = pairs(one, other);
    let (first, second): (Moments, Moments) =
        (pairs.clone().map(|(one, _)| one).collect(), pairs.clone().map(|(_, other)| other).collect());
    let products: f64 = pairs.map(|(one, other)| (one - first.mean()) * (other - second.mean())).sum();
    // A constant column gives 0/0, which is NaN. Rounding may give a little more than 1.
    (products / (first.squares() * second.squares()).sqrt()).clamp(-1.0, 1.0)
}

fn cramers_v(one: ArrayView1<'_, f32>, other: ArrayView1<'_, f32>) -> f64 {
    let (mut rows, mut columns, mut both) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut total = 0.0;
    for (one, other) in pairs(one, other).map(|(one, other)| (one as u32, other as u32)) {
        *rows.entry(one).or_insert(0.0) += 1.0;
        *columns.entry(other).or_insert(0.0) += 1.0;
        *both.entry((one, other)).or_insert(0.0) += 1.0;
        total += 1.0;
    }
    // chi^2 / n = sum of n_ij^2 / (n_i n_j) - 1, over the cells of the table that are not empty.
    let shares =
        both.iter().map(|((one, other), count): (&(u32, u32), &f64)| count * count / (rows[one] * columns[other]));
    let smaller = rows.len().min(columns.len()) as f64;
    if total == 0.0 || smaller < 2.0 {
        return f64::NAN;
    }
    ((shares.sum::<f64>() - 1.0).max(0.0) / (smaller - 1.0)).sqrt().min(1.0)
}

fn correlation_ratio(category: ArrayView1<'_, f32>, number: ArrayView1<'_, f32>) -> f64 {
    let mut levels: BTreeMap<u32, Moments> = BTreeMap::new();
    let mut all = Moments::default();
    for (level, number) in pairs(category, number) {
        levels.entry(level as u32).or_default().add(number);
        all.add(number);
    }
    if levels.len() < 2 {
        return f64::NAN;
    }
    let between = levels.values().map(|level| level.count() as f64 * (level.mean() - all.mean()).powi(2)).sum::<f64>();
    // A constant number gives 0/0, which stays NaN.
    (between / all.squares()).sqrt().clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_total_variation_is_half_of_the_differences_of_the_frequencies() {
        let of = |real: &[f32], generated: &[f32]| total_variation(real.iter().copied(), generated.iter().copied());
        assert_eq!(of(&[1.0, 2.0, 1.0, 2.0], &[2.0, 1.0]), Some(0.0));
        assert_eq!(of(&[1.0, 1.0, f32::NAN], &[2.0, 0.0]), Some(1.0));
        assert_eq!(of(&[1.0, 2.0, 3.0, 3.0], &[1.0, 1.0, 2.0, 3.0]), Some(0.25));
        assert_eq!(of(&[1.0], &[f32::NAN]), None);
    }

    fn cells() -> Vec<Cell> {
        let cell = |name: &str, kind| Cell { name: name.to_owned(), column: 0, kind };
        let category = CellKind::Category { levels: 2, is_ordered: false };
        vec![cell("a", category), cell("b", category), cell("x", CellKind::Number), cell("y", CellKind::Number)]
    }

    #[test]
    fn pairs_have_the_association_of_their_kinds() {
        let rows = array![
            [1.0_f32, 2.0, 1.0, 2.0],
            [1.0, 2.0, 3.0, 6.0],
            [2.0, 1.0, 5.0, 10.0],
            [2.0, 2.0, 7.0, 14.0],
            [f32::NAN, 1.0, f32::NAN, 3.0]
        ];
        let found = Associations::of(&cells(), rows.view(), rows.view()).expect("one column for each cell");
        let close =
            |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, expected {expected}");
        close(found.real[[2, 3]], 1.0);
        // The contingency table is (0, 2), (1, 1): chi^2 / n = 1/3.
        close(found.real[[0, 1]], (1.0_f64 / 3.0).sqrt());
        // The levels have the means 2 and 6 of the mean 4, and the values 1, 3, 5 and 7 have squares of 20.
        close(found.real[[0, 2]], 0.8_f64.sqrt());
        assert_eq!(found.real, found.real.t());
        assert_eq!(found.mean_absolute_difference(), Some(0.0));
        assert!(Associations::of(&cells()[..2], rows.view(), rows.view()).is_none());
    }

    #[test]
    fn cells_that_do_not_vary_are_left_out_of_the_difference() {
        let real = array![[1.0_f32, 1.0, 1.0, 0.0], [2.0, 2.0, 2.0, 0.0], [2.0, 1.0, 2.0, 0.0]];
        let generated = array![[1.0_f32, 1.0, 1.0, 5.0], [1.0, 2.0, 2.0, 5.0], [1.0, 2.0, 2.0, 5.0]];
        let found = Associations::of(&cells(), real.view(), generated.view()).expect("one column for each cell");
        assert!(found.generated[[0, 1]].is_nan() && found.real[[2, 3]].is_nan());
        // Only the pair of `b` and `x` varies in both: sqrt(1/4) in the real rows and 1 in the generated ones.
        let difference = found.mean_absolute_difference().expect("a pair");
        assert!((difference - 0.5).abs() < 1e-12, "{difference}");
    }
}
