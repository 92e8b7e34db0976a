//! Rows of mixed tables as points, so that distances between them have a meaning.

use narrows_runtime::bundle::{Manifest, table::Layout};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1};

use crate::scaled::Columns;

/// One over the square root of 2: two different levels are at the distance 1.
const LEVEL: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// Converts the rows of a mixed table to points of a Euclidean space, in which distances treat categories as
/// categories.
///
/// A number is standardised by the scaling of the model, so that its unit is about one standard deviation; a count is
/// `ln(1 + count)`. A category is a one-hot vector times `1 / sqrt(2)`, so that two different levels are at the
/// distance 1. A missing number is the mean, a missing or unseen level is no level, at the distance `1 / sqrt(2)` from
/// each.
///
/// [`RowSpace`](crate::RowSpace) brings these points to searches for near rows and comparisons of samples.
#[derive(Debug, Clone)]
pub struct TableSpace {
    layout: Layout,
    columns: Columns,
    is_count: Vec<bool>,
}

impl TableSpace {
    /// Returns the space of a model; `None` if it was not trained on a mixed table.
    pub fn of(manifest: &Manifest) -> Option<Self> {
        let cells = manifest.sample.cells()?;
        let is_count = cells.iter().map(|cell| cell.kind == narrows_runtime::bundle::table::CellKind::Count).collect();
        Some(TableSpace { layout: Layout::of(&cells), columns: Columns::of(manifest), is_count })
    }

    /// Returns the number of dimensions: one for each number, and one for each level of each category.
    pub fn dimensions(&self) -> usize {
        self.layout.numbers.len() + self.layout.levels()
    }

    /// Converts rows, `[rows, cells]`, to points, `[rows, dimensions]`.
    pub fn points(&self, rows: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut points = Array2::zeros((rows.nrows(), self.dimensions()));
        for (row, mut point) in rows.outer_iter().zip(points.outer_iter_mut()) {
            self.add_numbers(row, point.view_mut());
            let mut first = self.layout.numbers.len();
            for &(cell, levels) in &self.layout.categories {
                // NaN becomes 0.
                if let Some(level) = (row[cell] as usize).checked_sub(1).filter(|&level| level < levels) {
                    point[first + level] = LEVEL;
                }
                first += levels;
            }
        }
        points
    }

    /// Returns the expected points of decoded rows, `[rows, cells]`, whose levels have the probabilities
    /// `[rows, levels]`: the mean of the points of rows with these levels.
    pub fn expected_points(&self, rows: ArrayView2<'_, f32>, probabilities: ArrayView2<'_, f32>) -> Array2<f32> {
        let mut points = Array2::zeros((rows.nrows(), self.dimensions()));
        let numbers = self.layout.numbers.len();
        for ((row, probabilities), mut point) in
            rows.outer_iter().zip(probabilities.outer_iter()).zip(points.outer_iter_mut())
        {
            self.add_numbers(row, point.view_mut());
            let levels = point.iter_mut().skip(numbers);
            levels.zip(probabilities).for_each(|(into, probability)| *into = LEVEL * probability);
        }
        points
    }

    fn add_numbers(&self, row: ArrayView1<'_, f32>, mut point: ArrayViewMut1<'_, f32>) {
        let scaled: Vec<f64> = self.columns.scaled(row.iter().copied()).collect();
        for (position, &cell) in self.layout.numbers.iter().enumerate() {
            let is_count = self.is_count.get(cell).copied().unwrap_or(false);
            let value = if is_count { f64::from(row[cell].max(0.0)).ln_1p() } else { scaled[cell] };
            point[position] = if row[cell].is_nan() { 0.0 } else { value as f32 };
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn space() -> TableSpace {
        let layout = Layout { numbers: vec![1, 2], categories: vec![(0, 2), (3, 3)] };
        TableSpace { layout, columns: Columns::identity(4), is_count: vec![false, false, true, false] }
    }

    #[test]
    fn levels_are_as_far_from_each_other_whatever_their_positions() {
        let rows = array![[1.0_f32, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 2.0], [1.0, 0.0, 0.0, 3.0], [1.0, 0.0, 0.0, 0.0]];
        let points = space().points(rows.view());
        assert_eq!(points.dim(), (4, space().dimensions()));
        let distance = |one: usize, other: usize| (&points.row(one) - &points.row(other)).mapv(|d| d * d).sum().sqrt();
        for (one, other, expected) in [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0), (0, 3, LEVEL)] {
            assert!((distance(one, other) - expected).abs() < 1e-6, "{one} and {other}: {}", distance(one, other));
        }
    }

    #[test]
    fn counts_are_logarithms_and_missing_cells_are_finite() {
        let points = space().points(array![[f32::NAN, f32::NAN, f32::NAN, f32::NAN], [2.0, -1.5, 7.0, 9.0]].view());
        assert_eq!(points.row(0).to_vec(), [0.0; 7]);
        assert_eq!(points.row(1).to_vec(), [-1.5, 8.0_f32.ln(), 0.0, LEVEL, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn expected_points_are_the_mean_of_the_points_of_the_levels() {
        let rows = array![[1.0_f32, 2.0, 3.0, 1.0], [2.0, 2.0, 3.0, 3.0]];
        let probabilities = array![[0.5_f32, 0.5, 0.5, 0.0, 0.5]];
        let expected = space().expected_points(rows.slice_axis(ndarray::Axis(0), (..1).into()), probabilities.view());
        let points = space().points(rows.view());
        assert_eq!(expected.row(0), (&points.row(0) + &points.row(1)) / 2.0);
    }
}
