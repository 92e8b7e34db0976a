//! For each of a few samples, the nearest of many rows that arrive in batches.

use std::cmp::Ordering;

use ndarray::{Array1, Array2, ArrayView2, linalg::general_mat_mul};

use crate::row_space::RowSpace;

/// A row and its distance to a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct NearestRow {
    /// Index of the row in the stream.
    pub index: usize,
    /// Euclidean distance of the points, for example in scaled units.
    pub distance: f64,
    /// The row, `[features]` in the unit of the data.
    pub row: Array1<f32>,
}

/// The search for the nearest rows.
///
/// Holds three numbers for each dimension of the point of each sample: 16 bytes. A batch needs 12 bytes for each
/// dimension of each of its rows, and 4 bytes for each pair of a row and a sample.
#[derive(Debug, Clone)]
pub struct NearestRows {
    space: RowSpace,
    /// Points of the samples, `[samples, dimensions]`, and shifted and rounded for matrix products.
    samples: Array2<f64>,
    rounded: Array2<f32>,
    /// The shift: a rough mean, so that rounding errors are small for values far from zero.
    centre: Array1<f64>,
    squares: Vec<f32>,
    nearest: Vec<Option<NearestRow>>,
    seen: usize,
}

impl NearestRows {
    /// Starts a search for samples, `[samples, features]` in the unit of the data. Distances are those of `space`, for
    /// example [`Columns`](crate::Columns), in which all features have a similar range.
    pub fn new(space: impl Into<RowSpace>, samples: ArrayView2<'_, f32>) -> Self {
        let space = space.into();
        let samples = space.points(samples);
        let centre = samples.mean_axis(ndarray::Axis(0)).unwrap_or_else(|| Array1::zeros(samples.ncols()));
        let rounded = (&samples - &centre).mapv(|value| value as f32);
        let nearest = vec![None; samples.nrows()];
        NearestRows { space, squares: squares(&rounded), samples, rounded, centre, nearest, seen: 0 }
    }

    /// Adds the next rows, `[rows, features]` in the unit of the data. Of rows with the same distance, the first one is
    /// kept. Rows with values that are not finite are counted and never kept.
    ///
    /// Products of matrices in 32-bit arithmetic find the rows that can be the nearest, within their rounding error
    /// (Higham 2002, equation 3.5). The distances of those are computed in 64-bit arithmetic.
    pub fn add(&mut self, rows: ArrayView2<'_, f32>) {
        let points = self.space.points(rows);
        let rounded = (&points - &self.centre).mapv(|value| value as f32);
        let row_squares = squares(&rounded);
        // A product of `dot` may have any layout, but the rows of this array are contiguous.
        let mut products = Array2::<f32>::zeros((self.samples.nrows(), rows.nrows()));
        general_mat_mul(1.0, &self.rounded, &rounded.t(), 0.0, &mut products);
        // Four roundings of sums of `features` terms: two squares, the product, and the values themselves.
        let unit = 4.0 * (points.ncols() + 4) as f32 * f32::EPSILON;
        for (index, products) in products.outer_iter().enumerate() {
            let square = self.squares[index];
            let bounds = || {
                products.iter().zip(&row_squares).map(move |(product, row_square)| {
                    let error = unit * (square + row_square);
                    let distance = square + row_square - 2.0 * product;
                    (distance - error, distance + error)
                })
            };
            let limit = bounds().map(|(_, most)| most).fold(f32::INFINITY, f32::min);
            for (row, _) in
                bounds().enumerate().filter(|(_, (least, _))| least.partial_cmp(&limit) != Some(Ordering::Greater))
            {
                let sample = self.samples.row(index);
                let squared: f64 = sample.iter().zip(points.row(row)).map(|(one, other)| (one - other).powi(2)).sum();
                let distance = squared.sqrt();
                let best = &mut self.nearest[index];
                if distance.is_finite() && best.as_ref().is_none_or(|best| distance < best.distance) {
                    *best = Some(NearestRow { index: self.seen + row, distance, row: rows.row(row).to_owned() });
                }
            }
        }
        self.seen += rows.nrows();
    }

    /// Returns the nearest row of each sample, in their order; `None` where there was no row at a finite distance.
    pub fn into_rows(self) -> Vec<Option<NearestRow>> {
        self.nearest
    }
}

fn squares(rows: &Array2<f32>) -> Vec<f32> {
    rows.outer_iter().map(|row| row.dot(&row)).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, array, concatenate};

    use super::*;
    use crate::scaled::Columns;

    fn found(samples: &Array2<f32>, rows: &Array2<f32>, batch: usize) -> Vec<Option<NearestRow>> {
        let mut nearest = NearestRows::new(Columns::identity(samples.ncols()), samples.view());
        rows.axis_chunks_iter(Axis(0), batch).for_each(|rows| nearest.add(rows));
        nearest.into_rows()
    }

    fn values(rows: usize, width: usize, offset: f32) -> Array2<f32> {
        Array2::from_shape_fn((rows, width), |(row, column)| offset + ((row * 37 + column * 11) as f32 * 0.7).sin())
    }

    #[test]
    fn the_nearest_row_is_that_of_a_search_one_by_one_for_any_batches() {
        // Far from zero, products in 32-bit arithmetic alone would find other rows.
        for offset in [0.0, 1e4] {
            let (samples, rows) = (values(9, 20, offset + 0.3), values(300, 20, offset));
            for batch in [1, 7, 300] {
                for (sample, found) in samples.outer_iter().zip(found(&samples, &rows, batch)) {
                    let distance = |row: usize| -> f64 {
                        let pairs = rows.row(row).into_iter().zip(sample);
                        pairs.map(|(one, other)| (f64::from(*one) - f64::from(*other)).powi(2)).sum::<f64>().sqrt()
                    };
                    let expected = (0..300).min_by(|&one, &other| distance(one).total_cmp(&distance(other)));
                    let found = found.expect("300 rows");
                    assert_eq!(Some(found.index), expected);
                    assert_eq!((found.distance, found.row.view()), (distance(found.index), rows.row(found.index)));
                }
            }
        }
    }

    #[test]
    fn a_copy_has_no_distance_and_of_equal_rows_the_first_is_kept() {
        let rows = values(10, 6, 0.0);
        let twice = concatenate(Axis(0), &[rows.view(), rows.view()]).expect("the same width");
        let found = found(&rows, &twice, 4);
        let indices: Vec<usize> = found.iter().flatten().map(|nearest| nearest.index).collect();
        assert_eq!(indices, (0..10).collect::<Vec<_>>());
        assert!(found.iter().flatten().all(|nearest| nearest.distance == 0.0));
    }

    #[test]
    fn rows_that_are_not_finite_are_counted_and_not_kept() {
        let samples = array![[0.0_f32, 0.0], [f32::NAN, 0.0]];
        let rows = array![[f32::NAN, 0.0], [f32::INFINITY, 0.0], [3.0e38, -3.0e38], [3.0, 4.0]];
        let nearest = found(&samples, &rows, 4);
        assert_eq!(nearest[0].as_ref().map(|nearest| (nearest.index, nearest.distance)), Some((3, 5.0)));
        assert_eq!(nearest[1], None);
        assert_eq!(found(&samples, &Array2::zeros((0, 2)), 1), [None, None]);
    }
}
