//! A k-nearest-neighbours classifier with k = 3.

use ndarray::{Array2, ArrayView1};

/// Training rows, `[rows, features]`, and the class of each.
pub(crate) struct NearestNeighbours {
    pub(crate) rows: Array2<f32>,
    pub(crate) labels: Vec<u32>,
}

impl NearestNeighbours {
    /// Returns the fraction of rows that are classified as expected.
    pub(crate) fn agreement(&self, rows: &Array2<f32>, expected: impl IntoIterator<Item = u32>) -> f64 {
        let agreeing = rows.outer_iter().zip(expected).filter(|(row, expected)| self.classify(*row) == *expected);
        agreeing.count() as f64 / rows.nrows() as f64
    }

    fn classify(&self, row: ArrayView1<'_, f32>) -> u32 {
        // Placeholders at an infinite distance.
        let mut nearest = [(f32::INFINITY, u32::MAX); 3];
        for (known, &label) in self.rows.outer_iter().zip(&self.labels) {
            let distance = known.iter().zip(row).map(|(known, value)| (known - value) * (known - value)).sum();
            if let Some(rank) = nearest.iter().position(|&(other, _)| distance < other) {
                nearest[rank..].rotate_right(1);
                nearest[rank] = (distance, label);
            }
        }
        let [(_, first), (_, second), (_, third)] = nearest;
        if second == third { second } else { first }
    }
}
