//! The distance to the nearest stored codes.

use ndarray::{Array2, ArrayView1};

use crate::detector::{
    DetectorError, DetectorOptions, Rows,
    chunk::Chunk,
    joined::Joined,
    score::{Outputs, Score},
    stored::Stored,
    values::Values,
};

/// Mean distance to the `k` nearest codes of fitted rows; each dimension of the code is divided by its standard
/// deviation (Ramaswamy, Rastogi & Shim 2000; Angiulli & Pizzuti 2002).
#[derive(Debug)]
pub(in crate::detector) struct Neighbours {
    stored: Stored,
    count: usize,
}

impl Neighbours {
    /// Stores the codes of the rows, or of a random sample of them.
    pub(in crate::detector) fn fit(rows: &Rows, options: &DetectorOptions) -> Result<Self, DetectorError> {
        let chosen = Stored::choose(rows.count(), options.stored, options.seed);
        check_rows(options, chosen.len())?;
        let codes = Array2::from_shape_fn((chosen.len(), rows.codes.ncols()), |(row, dimension)| {
            f64::from(rows.codes[[chosen[row], dimension]])
        });
        Ok(Neighbours { stored: Stored::of(&codes), count: options.neighbours })
    }

    /// Returns the mean of the square roots of the smallest squared distances.
    fn mean_distance(&self, squares: ArrayView1<'_, f64>) -> f64 {
        let mut squares = squares.to_vec();
        let last = self.count - 1;
        if squares.iter().any(|square| square.is_nan()) {
            return f64::NAN;
        }
        squares.select_nth_unstable_by(last, f64::total_cmp);
        let nearest = squares.get_mut(..=last).unwrap_or_default();
        nearest.sort_unstable_by(f64::total_cmp);
        nearest.iter().map(|square| square.sqrt()).sum::<f64>() / self.count as f64
    }
}

/// Checks that there are as many rows as neighbours.
pub(super) fn check_rows(options: &DetectorOptions, rows: usize) -> Result<(), DetectorError> {
    let needed = options.neighbours;
    if rows >= needed {
        return Ok(());
    }
    Err(DetectorError::TooFewRows {
        purpose: format!("the distance to the nearest {needed} codes"),
        what: "rows",
        needed,
        found: rows,
        advice: "add rows, or pass fewer --neighbours".to_owned(),
    })
}

impl Score for Neighbours {
    fn of(&self, rows: &Chunk<'_>) -> Result<Vec<f64>, DetectorError> {
        let squares = self.stored.squared_distances(&rows.codes.view());
        Ok(squares.outer_iter().map(|row| self.mean_distance(row)).collect())
    }

    fn add_to(&self, graph: &mut Joined, prefix: &str, values: &Values) -> Result<Outputs, DetectorError> {
        let mut call = graph.call(prefix);
        let squares = self.stored.add_to(&mut call, &values.code);
        let nearest = call.smallest(&squares.squared_distances, self.count);
        let distances = call.node("Sqrt", &[nearest]);
        let score = call.reduce("ReduceMean", &distances, 1);
        Ok(Outputs::with_share_of_error(score, graph, prefix, values))
    }
}
