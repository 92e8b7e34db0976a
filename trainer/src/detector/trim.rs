//! Rows to leave out of a fit because they may be anomalies.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::stored::Stored;

/// Rows are compared with at most this many of them, a random sample.
const REFERENCES: usize = 4096;

/// Number of rows whose distances are computed at a time.
const CHUNK_ROWS: usize = 256;

/// How many times the assumed fraction of anomalies is left out. Anomalies overlap with normal rows, and a normal row
/// more or less changes little.
const FACTOR: f64 = 2.0;

/// Returns the indices of typical rows in ascending order: without the fraction `2 * contamination` of the rows that
/// are farthest from the others. All rows if `contamination` is 0. `samples` are `[rows, features]`; each feature is
/// divided by its standard deviation.
///
/// A row is far if its distance to the `k`-th nearest other row is large, with `k` the number of rows that are left
/// out: a group of equal anomalies is then as far as a single one (Ramaswamy, Rastogi & Shim 2000).
pub fn typical_rows(samples: &Array2<f32>, contamination: f64, seed: u64) -> Vec<usize> {
    let rows = samples.nrows();
    let left_out = (FACTOR * contamination * rows as f64).ceil() as usize;
    if left_out == 0 || left_out >= rows {
        return (0..rows).collect();
    }
    let references = Stored::choose(rows, REFERENCES, seed);
    let stored = Stored::of(&samples.select(Axis(0), &references).mapv(f64::from));
    let rank = (FACTOR * contamination * references.len() as f64).ceil() as usize;
    let rank = rank.min(references.len() - 1);
    let chunks: Vec<ArrayView2<'_, f32>> = samples.axis_chunks_iter(Axis(0), CHUNK_ROWS).collect();
    let distances = chunks.par_iter().map(|chunk| {
        let squares = stored.squared_distances(&chunk.mapv(f64::from).view());
        let of_row = |row: ndarray::ArrayView1<'_, f64>| {
            // The nearest one is the row itself, where it is among the references.
            let mut squares = row.to_vec();
            *squares.select_nth_unstable_by(rank, f64::total_cmp).1
        };
        squares.outer_iter().map(of_row).collect::<Vec<f64>>()
    });
    let distances: Vec<f64> = distances.collect::<Vec<_>>().concat();
    smallest(&distances, rows - left_out)
}

/// Returns the indices of the `count` smallest values, in ascending order of the indices.
fn smallest(values: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&one, &other| values[one].total_cmp(&values[other]));
    order.truncate(count);
    order.sort_unstable();
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_equal_anomalies_is_left_out() {
        // 95 rows on a line and 5 equal rows far away.
        let samples = Array2::from_shape_fn((100, 2), |(row, column)| match (row % 20, column) {
            (7, _) => 400.0,
            (_, 0) => row as f32,
            (_, _) => (row * 37 % 100) as f32,
        });
        let kept = typical_rows(&samples, 0.05, 0);
        assert_eq!(kept.len(), 90);
        assert!(kept.iter().all(|row| row % 20 != 7), "{kept:?}");
        assert_eq!(typical_rows(&samples, 0.0, 0).len(), 100);
    }
}
