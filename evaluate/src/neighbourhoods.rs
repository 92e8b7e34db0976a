//! Precision, recall, density and coverage of generated samples, by the neighbourhoods of real ones.

use ndarray::{Array1, Array2, ArrayView2, Axis, Slice, linalg::general_mat_mul};

/// Number of rows whose distances are computed at a time.
const BLOCK: usize = 256;

/// How well generated samples cover the real ones, and how many lie among them. A ball around a sample has the
/// distance to its `k`-th nearest neighbour in the same set as its radius.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbourhoods {
    /// Fraction of the generated samples in the ball of at least one real sample (Kynkäänniemi et al. 2019, equation
    /// 2).
    pub precision: f64,
    /// Fraction of the real samples in the ball of at least one generated sample (the same).
    pub recall: f64,
    /// Number of balls of real samples that contain a generated sample, averaged over the generated samples and
    /// divided by `k` (Naeem et al. 2020, equation 2). It can be above 1.
    pub density: f64,
    /// Fraction of the real samples whose ball contains at least one generated sample (Naeem et al. 2020, equation 3).
    pub coverage: f64,
}

impl Neighbourhoods {
    /// Compares two sets of vectors, `[rows, width]` each, with the `k` nearest neighbours by Euclidean distance.
    /// `None` if `k` is 0, if a set has at most `k` rows, or if the vectors have no values.
    pub fn of(real: ArrayView2<'_, f64>, generated: ArrayView2<'_, f64>, k: usize) -> Option<Self> {
        let is_comparable = real.ncols() == generated.ncols() && real.ncols() > 0;
        if k == 0 || real.nrows() <= k || generated.nrows() <= k || !is_comparable {
            return None;
        }
        let (real_radii, generated_radii) = (radii(real, k), radii(generated, k));
        let (mut precise, mut balls) = (0, 0);
        let mut recalled = vec![false; real.nrows()];
        let mut covered = vec![false; real.nrows()];
        for_each_row(generated, real, |row, distances| {
            let mut inside = 0;
            for (index, &distance) in distances.iter().enumerate() {
                if distance <= real_radii[index] {
                    inside += 1;
                    covered[index] = true;
                }
                recalled[index] |= distance <= generated_radii[row];
            }
            balls += inside;
            precise += usize::from(inside > 0);
        });
        let fraction = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count() as f64 / flags.len() as f64;
        let rows = generated.nrows() as f64;
        Some(Neighbourhoods {
            precision: precise as f64 / rows,
            recall: fraction(&recalled),
            density: balls as f64 / (k as f64 * rows),
            coverage: fraction(&covered),
        })
    }
}

/// Returns the squared distance of each row to its `k`-th nearest neighbour, without itself.
fn radii(rows: ArrayView2<'_, f64>, k: usize) -> Vec<f64> {
    let mut radii = vec![0.0; rows.nrows()];
    for_each_row(rows, rows, |row, distances| {
        // The distance to itself may be rounded to a number above zero.
        distances[row] = f64::NEG_INFINITY;
        let (_, kth, _) = distances.select_nth_unstable_by(k, f64::total_cmp);
        radii[row] = *kth;
    });
    radii
}

/// Calls `each` with the index of every row of `queries` and its squared distances to all `points`.
fn for_each_row(queries: ArrayView2<'_, f64>, points: ArrayView2<'_, f64>, mut each: impl FnMut(usize, &mut [f64])) {
    let squares = |rows: ArrayView2<'_, f64>| -> Array1<f64> { rows.outer_iter().map(|row| row.dot(&row)).collect() };
    let point_squares = squares(points);
    for start in (0..queries.nrows()).step_by(BLOCK) {
        let block = queries.slice_axis(Axis(0), Slice::from(start..queries.nrows().min(start + BLOCK)));
        let block_squares = squares(block);
        // A product of `dot` may have any layout, but the rows of this array are contiguous.
        let mut products: Array2<f64> = Array2::zeros((block.nrows(), points.nrows()));
        general_mat_mul(1.0, &block, &points.t(), 0.0, &mut products);
        for (index, mut row) in products.outer_iter_mut().enumerate() {
            row.zip_mut_with(&point_squares, |product, square| {
                *product = (block_squares[index] + square - 2.0 * *product).max(0.0);
            });
            each(start + index, row.as_slice_mut().expect("rows of a new array are contiguous"));
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn figures_of_six_points_on_a_line() {
        // Radii of the real points for k = 1: 1, 1, 2, of the generated ones: 0.5, 0.5, 9.
        let real = array![[0.0], [1.0], [3.0]];
        let generated = array![[0.5], [1.0], [10.0]];
        let figures = Neighbourhoods::of(real.view(), generated.view(), 1).expect("enough rows");
        // 0.5 lies in the balls of 0 and 1, 1 in those of 0, 1 and 3, and 10 in none.
        assert_eq!((figures.precision, figures.density), (2.0 / 3.0, 5.0 / 3.0));
        // 0 and 1 lie in the ball of 0.5, and 3 in that of 10.
        assert_eq!((figures.recall, figures.coverage), (1.0, 1.0));
    }

    #[test]
    fn too_few_rows_for_the_neighbours_have_no_figures() {
        let set = array![[0.0], [1.0], [3.0]];
        assert!(Neighbourhoods::of(set.view(), set.view(), 2).is_some());
        assert!(Neighbourhoods::of(set.view(), set.view(), 3).is_none());
        assert!(Neighbourhoods::of(set.view(), set.view(), 0).is_none());
    }
}
