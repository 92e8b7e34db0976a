//! The rows of a part that are nearest to generated samples, and to real rows that are not searched.

use narrows_evaluate::{CopyTest, NearestRow, NearestRows, RowSpace};
use narrows_runtime::Autoencoder;
use ndarray::{Array2, ArrayView2, Axis};

use crate::gathered::{About, Nearest, Row};

/// Largest number of real rows whose nearest row is searched.
const HELD_OUT: usize = 256;
/// With fewer real rows, a comparison says nothing.
const MIN_HELD_OUT: usize = 10;

/// The search through the rows of a part.
#[derive(Debug)]
pub(crate) struct NearestSearch {
    samples: NearestRows,
    held_out: NearestRows,
    /// Numbers of the held-out rows in the part, in ascending order; empty if they are not in it.
    excluded: Vec<usize>,
    seen: usize,
    searched: usize,
}

/// Whether the held-out rows are among the searched ones, from which they are then left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeldOut {
    /// They are in another part.
    Elsewhere,
    /// They are in the same part.
    Among,
}

impl NearestSearch {
    /// Starts a search for samples, `[samples, features]`, and for some of the points, which are in the order of their
    /// numbers. `None` with too few points.
    pub(crate) fn new(
        model: &Autoencoder,
        samples: ArrayView2<'_, f32>,
        points: &[Row],
        held_out: HeldOut,
    ) -> Option<Self> {
        let most = match held_out {
            HeldOut::Elsewhere => HELD_OUT,
            // Most of the rows stay to be searched.
            HeldOut::Among => HELD_OUT.min(points.len() / 5),
        };
        let step = points.len().div_ceil(most.max(1)).max(1);
        let chosen: Vec<&Row> = points.iter().step_by(step).collect();
        if chosen.len() < MIN_HELD_OUT {
            return None;
        }
        let space = RowSpace::of(model.manifest());
        let features = model.manifest().sample.features();
        let rows = Array2::from_shape_fn((chosen.len(), features), |(row, column)| chosen[row].original[column]);
        Some(NearestSearch {
            samples: NearestRows::new(space.clone(), samples),
            held_out: NearestRows::new(space, rows.view()),
            excluded: match held_out {
                HeldOut::Elsewhere => Vec::new(),
                HeldOut::Among => chosen.iter().map(|row| row.number).collect(),
            },
            seen: 0,
            searched: 0,
        })
    }

    /// Searches the next rows of the part, `[rows, features]`.
    pub(crate) fn add(&mut self, rows: ArrayView2<'_, f32>) {
        let first = self.seen;
        self.seen += rows.nrows();
        let is_searched = |row: &usize| self.excluded.binary_search(&(first + row)).is_err();
        let kept: Vec<usize> = (0..rows.nrows()).filter(is_searched).collect();
        self.searched += kept.len();
        if kept.len() == rows.nrows() {
            self.samples.add(rows);
            self.held_out.add(rows);
        } else {
            let rows = rows.select(Axis(0), &kept);
            self.samples.add(rows.view());
            self.held_out.add(rows.view());
        }
    }

    /// Returns what was found; `None` if there were no rows.
    pub(crate) fn found(self, about: &About) -> Option<Nearest> {
        let NearestSearch { samples, held_out, excluded, seen: _, searched } = self;
        let held_out: Vec<f64> = held_out.into_rows().into_iter().flatten().map(|found| found.distance).collect();
        let samples: Option<Vec<NearestRow>> = samples.into_rows().into_iter().collect();
        let mut samples = samples?;
        samples.iter_mut().for_each(|found| found.index = number_of(found.index, &excluded));
        let distances: Vec<f64> = samples.iter().map(|found| found.distance).collect();
        let test = CopyTest::of(&distances, &held_out)?;
        Some(Nearest { of_samples: samples, test, held_out: held_out.len(), searched: about.compared(searched) })
    }
}

/// Returns the number of a row in its part, from its index among the rows without the excluded ones.
fn number_of(index: usize, excluded: &[usize]) -> usize {
    excluded.iter().fold(index, |number, &left_out| if left_out <= number { number + 1 } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_the_excluded_rows() {
        let excluded = [0, 2, 3, 7];
        let kept = [1, 4, 5, 6, 8, 9];
        assert_eq!((0..6).map(|index| number_of(index, &excluded)).collect::<Vec<_>>(), kept);
        assert_eq!(number_of(5, &[]), 5);
    }
}
