//! A plain classifier of real digits: the majority of the three nearest training rows.

use ndarray::{Array2, ArrayView1};

/// Real rows, `[rows, features]`, and the class of each.
pub(crate) struct Neighbours {
    pub(crate) rows: Array2<f32>,
    pub(crate) labels: Vec<u32>,
}

impl Neighbours {
    /// The share of rows that are classified as expected.
    pub(crate) fn agreement(&self, rows: &Array2<f32>, expected: impl IntoIterator<Item = u32>) -> f64 {
        let agreeing = rows.outer_iter().zip(expected).filter(|(row, expected)| self.classify(*row) == *expected);
        agreeing.count() as f64 / rows.nrows() as f64
    }

    fn classify(&self, row: ArrayView1<'_, f32>) -> u32 {
        // Far away, of no class.
        let mut nearest = [(f32::INFINITY, u32::MAX); 3];
        for (known, &label) in self.rows.outer_iter().zip(&self.labels) {
            let distance = known.iter().zip(row).map(|(known, value)| (known - value) * (known - value)).sum();
            if let Some(place) = nearest.iter().position(|&(other, _)| distance < other) {
                nearest[place..].rotate_right(1);
                nearest[place] = (distance, label);
            }
        }
        let [(_, first), (_, second), (_, third)] = nearest;
        if second == third { second } else { first }
    }
}
